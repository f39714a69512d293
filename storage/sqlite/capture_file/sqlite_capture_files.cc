#include "storage/sqlite/capture_file/sqlite_capture_files.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "storage/sqlite/base/connection.h"
#include "storage/sqlite/base/schema.h"
#include "storage/sqlite/capture_file/capture_rows.h"
#include "storage/sqlite/capture_file/capture_writer.h"
#include "storage/sqlite/capture_file/tensor_hasher.h"
#include "storage/sqlite/files/files.h"

namespace sumscope::storage {
namespace {

constexpr char kUnfinished[] = ".db.tmp";

class SqliteCaptureFile final : public CaptureFile {
 public:
  static absl::StatusOr<std::unique_ptr<CaptureFile>> Open(const std::string& path) {
    SUMSCOPE_ASSIGN_OR_RETURN(std::unique_ptr<Connection> connection,
                              Connection::Open({path, FileKind::kCaptureFile}, Connection::Mode::kReadOnly));
    SUMSCOPE_ASSIGN_OR_RETURN(const int version, CheckSchema(*connection, CaptureFileSchema()));
    if (version == 0) return connection->Corrupt("it is empty");
    SUMSCOPE_ASSIGN_OR_RETURN(std::vector<CaptureTensor> tensors,
                              connection->Guard([&] { return ReadCaptureTensors(*connection); }));
    return std::unique_ptr<CaptureFile>(new SqliteCaptureFile(std::move(connection), std::move(tensors)));
  }

  const std::vector<CaptureTensor>& tensors() const override { return tensors_; }
  uint64_t data_bytes() const override { return data_bytes_; }
  absl::StatusOr<std::string> Read(uint64_t offset, uint64_t length) override {
    SUMSCOPE_RETURN_IF_ERROR(CheckRange(offset, length, data_bytes_));
    MutexLock lock(&mutex_);
    Connection& connection = *connection_;
    return connection.Guard([&] { return ReadCaptureBytes(connection, offset, length); });
  }

 private:
  SqliteCaptureFile(std::unique_ptr<Connection> connection, std::vector<CaptureTensor> tensors)
      : tensors_(std::move(tensors)),
        data_bytes_(tensors_.empty() ? 0 : tensors_.back().offset + tensors_.back().tensor.bytes),
        connection_(std::move(connection)) {}

  const std::vector<CaptureTensor> tensors_;
  const uint64_t data_bytes_;
  Mutex mutex_;
  const std::unique_ptr<Connection> connection_ ABSL_PT_GUARDED_BY(mutex_);
};

std::string FileName(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// <run>.<capture>.db: a run file has one dot.
bool IsCapture(const std::string& name) {
  return absl::EndsWith(name, ".db") && std::count(name.begin(), name.end(), '.') == 2;
}

// Where an unfinished capture will lie.
std::string FinishedPath(const std::string& path) { return std::string(absl::StripSuffix(path, ".tmp")); }

}  // namespace

std::string SqliteCaptureFiles::FolderOf(const std::string& run) const {
  return absl::StrCat(directory_, "/runs/", run.substr(0, 2));
}

std::string SqliteCaptureFiles::PathOf(const std::string& run, const std::string& capture) const {
  return absl::StrCat(FolderOf(run), "/", run, ".", capture, ".db");
}

absl::StatusOr<std::unique_ptr<CaptureWriter>> SqliteCaptureFiles::Create(const std::string& run,
                                                                          const std::string& capture,
                                                                          const std::vector<StoredTensor>& tensors) {
  if (!IsStoredName(run) || !IsStoredName(capture)) return NoCapture(run, capture);
  SUMSCOPE_ASSIGN_OR_RETURN(TensorHasher hasher, TensorHasher::Make(tensors));
  SUMSCOPE_RETURN_IF_ERROR(env_->MakeDirectory(FolderOf(run)));
  const std::string path = PathOf(run, capture);
  {
    MutexLock lock(&mutex_);
    SUMSCOPE_ASSIGN_OR_RETURN(const bool there, FileExists(path));
    if (there || !being_written_.insert(path).second) return CaptureExists(run, capture);
  }
  return SqliteCaptureWriter::Begin(path, std::move(hasher), env_, [this, path] {
    MutexLock lock(&mutex_);
    being_written_.erase(path);
  });
}

absl::StatusOr<std::unique_ptr<CaptureFile>> SqliteCaptureFiles::Open(const std::string& run,
                                                                      const std::string& capture) {
  if (!Exists(run, capture)) return NoCapture(run, capture);
  const std::string path = PathOf(run, capture);
  absl::StatusOr<std::unique_ptr<CaptureFile>> file = SqliteCaptureFile::Open(path);
  // A header that claims a journal beside it cannot be opened for reading only: only damage makes one, if the file may
  // be read at all.
  if (ErrorReason(file.status()) == "DATA_DIRECTORY_NOT_WRITABLE" && access(path.c_str(), R_OK) == 0) {
    return CorruptFile({path, FileKind::kCaptureFile}, file.status().message());
  }
  return file;
}

bool SqliteCaptureFiles::Exists(const std::string& run, const std::string& capture) {
  return IsStoredName(run) && IsStoredName(capture) && FileExists(PathOf(run, capture)).value_or(true);
}

absl::Status SqliteCaptureFiles::Remove(const std::string& run, const std::string& capture) {
  if (!Exists(run, capture)) return absl::OkStatus();
  SUMSCOPE_RETURN_IF_ERROR(env_->RemoveFile(PathOf(run, capture)));
  return env_->FsyncDirectory(FolderOf(run));
}

absl::StatusOr<uint64_t> SqliteCaptureFiles::UsedBytes() {
  uint64_t bytes = 0;
  SUMSCOPE_ASSIGN_OR_RETURN(const FilesOfRuns files, ListFilesOfRuns(env_, directory_));
  MutexLock lock(&mutex_);
  for (const std::string& path : files.paths) {
    const bool left = absl::EndsWith(path, kUnfinished) && being_written_.count(FinishedPath(path)) == 0;
    if (IsCapture(FileName(path)) || left) bytes += FileBytes(path);
  }
  return bytes;
}

absl::Status SqliteCaptureFiles::RemoveAll(const std::string& run) {
  if (!IsStoredName(run)) return absl::OkStatus();
  SUMSCOPE_ASSIGN_OR_RETURN(const std::vector<std::string> names, env_->ListDirectory(FolderOf(run)));
  for (const std::string& name : names) {
    if (!absl::StartsWith(name, absl::StrCat(run, ".")) || !(IsCapture(name) || absl::EndsWith(name, kUnfinished))) {
      continue;
    }
    SUMSCOPE_RETURN_IF_ERROR(env_->RemoveFile(absl::StrCat(FolderOf(run), "/", name)));
  }
  return absl::OkStatus();
}

bool SqliteCaptureFiles::IsUnfinished(const std::string& path) { return absl::EndsWith(path, kUnfinished); }

}  // namespace sumscope::storage

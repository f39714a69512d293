#include "storage/sqlite/capture_file/capture_writer.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "storage/sqlite/base/schema.h"
#include "storage/sqlite/capture_file/capture_rows.h"
#include "storage/sqlite/files/files.h"

namespace sumscope::storage {

SqliteCaptureWriter::SqliteCaptureWriter(const std::string& path, TensorHasher hasher, Env* env,
                                         std::function<void()> on_end)
    : path_(path),
      temporary_{path + ".tmp", FileKind::kCaptureFile},
      hasher_(std::move(hasher)),
      env_(env),
      on_end_(std::move(on_end)) {}

absl::StatusOr<std::unique_ptr<CaptureWriter>> SqliteCaptureWriter::Begin(const std::string& path, TensorHasher hasher,
                                                                          Env* env, std::function<void()> on_end) {
  auto writer =
      std::unique_ptr<SqliteCaptureWriter>(new SqliteCaptureWriter(path, std::move(hasher), env, std::move(on_end)));
  SUMSCOPE_RETURN_IF_ERROR(writer->CreateFile());
  return std::unique_ptr<CaptureWriter>(std::move(writer));
}

SqliteCaptureWriter::~SqliteCaptureWriter() {
  connection_.reset();
  env_->RemoveFile(temporary_.path).IgnoreError();
  on_end_();
}

absl::Status SqliteCaptureWriter::CreateFile() {
  SUMSCOPE_RETURN_IF_ERROR(env_->RemoveFile(temporary_.path));
  SUMSCOPE_RETURN_IF_ERROR(CheckRoomForBulk({DirectoryOf(path_), FileKind::kCaptureFile}));
  SUMSCOPE_ASSIGN_OR_RETURN(connection_, Connection::Open(temporary_, Connection::Mode::kCreate));
  return connection_->Guard([&] {
    connection_->Execute("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN IMMEDIATE");
    ApplyMigrations(*connection_, CaptureFileSchema(), 0);
    return absl::OkStatus();
  });
}

absl::Status SqliteCaptureWriter::WriteChunk(absl::string_view data) {
  SUMSCOPE_RETURN_IF_ERROR(CheckRoomForBulk(temporary_));
  SUMSCOPE_RETURN_IF_ERROR(connection_->Guard([&] {
    InsertCaptureChunk(*connection_, written_, data);
    return absl::OkStatus();
  }));
  written_ += data.size();
  return absl::OkStatus();
}

absl::Status SqliteCaptureWriter::Append(absl::string_view bytes) {
  SUMSCOPE_RETURN_IF_ERROR(failure_);
  failure_ = hasher_.Append(bytes);
  while (failure_.ok() && rest_.size() + bytes.size() >= limits::kMaxChunkBytes) {
    const absl::string_view piece = bytes.substr(0, limits::kMaxChunkBytes - rest_.size());
    bytes.remove_prefix(piece.size());
    if (rest_.empty()) {
      failure_ = WriteChunk(piece);
    } else {
      absl::StrAppend(&rest_, piece);
      failure_ = WriteChunk(rest_);
      rest_.clear();
    }
  }
  absl::StrAppend(&rest_, bytes);
  return failure_;
}

absl::StatusOr<std::vector<CaptureTensor>> SqliteCaptureWriter::WriteEnd() {
  SUMSCOPE_ASSIGN_OR_RETURN(std::vector<CaptureTensor> tensors, hasher_.Finish());
  if (!rest_.empty()) SUMSCOPE_RETURN_IF_ERROR(WriteChunk(rest_));
  SUMSCOPE_RETURN_IF_ERROR(connection_->Guard([&] {
    InsertCaptureTensors(*connection_, tensors);
    connection_->Execute("COMMIT");
    return absl::OkStatus();
  }));
  connection_.reset();
  SUMSCOPE_RETURN_IF_ERROR(env_->FsyncFile(temporary_.path));
  SUMSCOPE_RETURN_IF_ERROR(env_->RenameFile(temporary_.path, path_));
  return tensors;
}

absl::StatusOr<std::vector<CaptureTensor>> SqliteCaptureWriter::Finish() {
  SUMSCOPE_RETURN_IF_ERROR(failure_);
  absl::StatusOr<std::vector<CaptureTensor>> tensors = WriteEnd();
  failure_ = tensors.ok() ? absl::FailedPreconditionError("the capture is finished") : tensors.status();
  return tensors;
}

}  // namespace sumscope::storage

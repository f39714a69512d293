#include "storage/sqlite/base/database.h"

#include <unistd.h>

#include <chrono>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "storage/sqlite/base/files.h"
#include "storage/sqlite/base/query.h"

namespace sumscope::storage {
namespace {

constexpr size_t kMaxIdleReaders = 4;
// How long Seal and Close wait for bodies that run: a body reads at most a page of something.
constexpr std::chrono::milliseconds kOwnTimeout(30'000);

// Throws SQLite::Exception.
absl::Status SetJournalMode(Connection& connection, const std::string& mode) {
  Query query(connection, absl::StrCat("PRAGMA journal_mode=", mode));
  const std::string result = query.Next() ? query.Text(0) : "";
  if (result == mode) return absl::OkStatus();
  return MakeError(absl::StatusCode::kUnavailable, "STORAGE_BUSY",
                   absl::StrCat(connection.file().path, " stays in journal mode ", result, " instead of ", mode,
                                ": another program has it open, or its file system has no shared memory"));
}

}  // namespace

absl::Status Database::BeginUse() {
  MutexLock lock(&mutex_);
  while (owned_) changed_.Wait(&mutex_);
  if (!closed_.ok()) return closed_;
  ++users_;
  return absl::OkStatus();
}

void Database::EndUse() {
  MutexLock lock(&mutex_);
  --users_;
  changed_.NotifyAll();
}

absl::Status Database::BeginOwn(bool wait) {
  MutexLock lock(&mutex_);
  if (!wait && (owned_ || users_ > 0)) return absl::UnavailableError("in use");
  while (owned_) changed_.Wait(&mutex_);
  owned_ = true;
  const auto deadline = std::chrono::steady_clock::now() + kOwnTimeout;
  while (users_ > 0) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) {
      owned_ = false;
      changed_.NotifyAll();
      return MakeError(absl::StatusCode::kUnavailable, "STORAGE_BUSY",
                       absl::StrCat(file_.path, " is still being read; try again"));
    }
    changed_.WaitFor(&mutex_, left);
  }
  return absl::OkStatus();
}

void Database::EndOwn() {
  MutexLock lock(&mutex_);
  owned_ = false;
  changed_.NotifyAll();
}

absl::Status Database::Check(Connection& connection) const {
  if (in_memory() || !check_) return absl::OkStatus();
  return connection.Guard([&] { return check_(connection); });
}

absl::Status Database::OpenWriter() {
  if (writer_ != nullptr) return absl::OkStatus();
  const auto mode = schema_.created_by_write ? Connection::Mode::kCreate : Connection::Mode::kReadWrite;
  SUMSCOPE_ASSIGN_OR_RETURN(std::unique_ptr<Connection> writer, Connection::Open(file_, mode));
  SUMSCOPE_ASSIGN_OR_RETURN(const int version, CheckSchema(*writer, schema_));
  if (!in_memory()) {
    if (version == 0 && !schema_.created_by_write) return writer->Corrupt("it is empty");
    SUMSCOPE_RETURN_IF_ERROR(Check(*writer));
    SUMSCOPE_RETURN_IF_ERROR(writer->CheckWritable());
    SUMSCOPE_RETURN_IF_ERROR(writer->Guard([&] { return SetJournalMode(*writer, "wal"); }));
  }
  SUMSCOPE_RETURN_IF_ERROR(Migrate(*writer, schema_));
  writer_ = std::move(writer);
  return absl::OkStatus();
}

absl::Status Database::WriteInTurn(const Body& body) {
  MutexLock lock(&writer_mutex_);
  SUMSCOPE_RETURN_IF_ERROR(OpenWriter());
  return writer_->Transaction("BEGIN IMMEDIATE", body);
}

absl::Status Database::ReadInTurn(const Body& body) {
  MutexLock lock(&writer_mutex_);
  SUMSCOPE_RETURN_IF_ERROR(OpenWriter());
  return writer_->Transaction("BEGIN DEFERRED", body);
}

absl::StatusOr<std::unique_ptr<Connection>> Database::TakeReader() {
  {
    MutexLock lock(&mutex_);
    if (!idle_readers_.empty()) {
      std::unique_ptr<Connection> reader = std::move(idle_readers_.back());
      idle_readers_.pop_back();
      return reader;
    }
  }
  // A journal left by a crash in mid-change can only be rolled back by a connection that may write.
  const auto mode = access(absl::StrCat(file_.path, "-journal").c_str(), F_OK) == 0 ? Connection::Mode::kReadWrite
                                                                                    : Connection::Mode::kReadOnly;
  SUMSCOPE_ASSIGN_OR_RETURN(std::unique_ptr<Connection> reader, Connection::Open(file_, mode));
  SUMSCOPE_ASSIGN_OR_RETURN(const int version, CheckSchema(*reader, schema_));
  if (version == 0) return reader->Corrupt("it is empty");
  SUMSCOPE_RETURN_IF_ERROR(Check(*reader));
  return reader;
}

void Database::ReturnReader(std::unique_ptr<Connection> reader) {
  MutexLock lock(&mutex_);
  if (idle_readers_.size() < kMaxIdleReaders) idle_readers_.push_back(std::move(reader));
}

absl::Status Database::ReadBeside(const Body& body) {
  SUMSCOPE_ASSIGN_OR_RETURN(std::unique_ptr<Connection> reader, TakeReader());
  absl::Status status = reader->Transaction("BEGIN DEFERRED", body);
  ReturnReader(std::move(reader));
  return status;
}

absl::Status Database::Use(const std::function<absl::Status()>& use) {
  absl::Status status;
  {
    SUMSCOPE_RETURN_IF_ERROR(BeginUse());
    const absl::Cleanup end_use = [this] { EndUse(); };
    status = use();
  }
  // Connections remember pages, and the file that lay at the path when they were opened. The catalog's few rows that
  // cannot be read are no reason to close it again and again.
  if (absl::IsDataLoss(status) && file_.kind == FileKind::kRunFile) TryClose();
  return status;
}

absl::Status Database::Write(const Body& body) {
  return Use([&] { return WriteInTurn(body); });
}

absl::Status Database::Read(const Body& body) {
  return Use([&] { return in_memory() ? ReadInTurn(body) : ReadBeside(body); });
}

absl::Status Database::LeaveWal() {
  MutexLock lock(&writer_mutex_);
  SUMSCOPE_ASSIGN_OR_RETURN(std::unique_ptr<Connection> writer, Connection::Open(file_, Connection::Mode::kReadWrite));
  SUMSCOPE_RETURN_IF_ERROR(CheckSchema(*writer, schema_).status());
  SUMSCOPE_RETURN_IF_ERROR(writer->Guard([&] {
    writer->Execute("PRAGMA wal_checkpoint(TRUNCATE)");
    return SetJournalMode(*writer, "delete");
  }));
  writer.reset();
  return FsyncDirectory(DirectoryOf(file_.path));
}

absl::Status Database::Seal() {
  if (in_memory()) return absl::OkStatus();
  SUMSCOPE_RETURN_IF_ERROR(BeginOwn(/*wait=*/true));
  const absl::Cleanup end_own = [this] { EndOwn(); };
  CloseConnections();
  return LeaveWal();
}

void Database::CloseConnections() {
  // The writer last: it is the one that may fold the WAL into the file.
  std::vector<std::unique_ptr<Connection>> readers;
  {
    MutexLock lock(&mutex_);
    readers.swap(idle_readers_);
  }
  readers.clear();
  MutexLock lock(&writer_mutex_);
  writer_.reset();
}

absl::Status Database::Close() {
  if (in_memory()) return absl::OkStatus();
  SUMSCOPE_RETURN_IF_ERROR(BeginOwn(/*wait=*/true));
  const absl::Cleanup end_own = [this] { EndOwn(); };
  CloseConnections();
  return absl::OkStatus();
}

bool Database::TryClose() {
  if (in_memory() || !BeginOwn(/*wait=*/false).ok()) return false;
  const absl::Cleanup end_own = [this] { EndOwn(); };
  CloseConnections();
  return true;
}

absl::Status Database::CloseForEver(absl::Status status) {
  SUMSCOPE_RETURN_IF_ERROR(BeginOwn(/*wait=*/true));
  const absl::Cleanup end_own = [this] { EndOwn(); };
  CloseConnections();
  MutexLock lock(&mutex_);
  closed_ = std::move(status);
  return absl::OkStatus();
}

}  // namespace sumscope::storage

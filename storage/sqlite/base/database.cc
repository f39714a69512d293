#include "storage/sqlite/base/database.h"

#include <chrono>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "storage/sqlite/base/query.h"
#include "storage/sqlite/files/files.h"

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

// By whichever connection may write. Without one nothing is to be folded in.
absl::Status FoldWal(Connection* writer, const std::vector<std::unique_ptr<Connection>>& readers) {
  if (writer != nullptr) return writer->FoldWal();
  for (const auto& reader : readers) {
    if (reader->CheckWritable().ok()) return reader->FoldWal();
  }
  return absl::OkStatus();
}

}  // namespace

Database::~Database() {
  if (!in_memory()) CloseConnections().IgnoreError();
}

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

absl::StatusOr<std::unique_ptr<Connection>> Database::OpenConnection(Connection::Mode mode) {
  if (in_memory()) return Connection::Open(file_, mode);
  return Connection::Open(file_, mode, [this](const FileId& id) { return Admit(id); });
}

absl::Status Database::Admit(const FileId& id) {
  MutexLock lock(&mutex_);
  if (held_.has_value()) return held_->id() == id ? absl::OkStatus() : FileReplaced(file_);
  if (last_.has_value() && *last_ != id) ++incarnation_;
  last_ = id;
  held_.emplace(file_.path, id);
  return absl::OkStatus();
}

void Database::NoteBeside(const Connection& connection) {
  MutexLock lock(&mutex_);
  if (held_.has_value()) held_->NoteBeside(connection.PathFound());
}

uint64_t Database::Incarnation() {
  MutexLock lock(&mutex_);
  return incarnation_;
}

absl::Status Database::CheckPresent() {
  absl::Status present = storage::CheckPresent(file_);
  if (absl::IsNotFound(present)) TryClose();
  return present;
}

absl::Status Database::FollowPath() {
  if (file_.kind != FileKind::kRunFile) return absl::OkStatus();
  std::optional<FileId> held;
  {
    MutexLock lock(&mutex_);
    if (held_.has_value()) held = held_->id();
  }
  const auto place = held.has_value() ? HeldFile::LookFor(*held, file_.path) : HeldFile::Place::kInPlace;
  if (place == HeldFile::Place::kGone) {
    TryClose();
    return FileGone(file_);
  }
  return place == HeldFile::Place::kReplaced ? Close() : absl::OkStatus();
}

absl::Status Database::Check(Connection& connection) const {
  if (in_memory() || !check_) return absl::OkStatus();
  return connection.Guard([&] { return check_(connection); });
}

absl::Status Database::OpenWriter() {
  if (writer_ != nullptr) return absl::OkStatus();
  const auto mode = schema_.created_by_write ? Connection::Mode::kCreate : Connection::Mode::kReadWrite;
  SUMSCOPE_ASSIGN_OR_RETURN(std::unique_ptr<Connection> writer, OpenConnection(mode));
  SUMSCOPE_ASSIGN_OR_RETURN(const int version, CheckSchema(*writer, schema_));
  if (!in_memory()) {
    if (version == 0 && !schema_.created_by_write) return writer->Corrupt("it is empty");
    SUMSCOPE_RETURN_IF_ERROR(Check(*writer));
    SUMSCOPE_RETURN_IF_ERROR(writer->CheckWritable());
    SUMSCOPE_RETURN_IF_ERROR(writer->Guard([&] { return SetJournalMode(*writer, "wal"); }));
  }
  SUMSCOPE_RETURN_IF_ERROR(Migrate(*writer, schema_));
  NoteBeside(*writer);
  writer_ = std::move(writer);
  return absl::OkStatus();
}

absl::Status Database::WriteInTurn(const Body& body) {
  MutexLock lock(&writer_mutex_);
  SUMSCOPE_RETURN_IF_ERROR(OpenWriter());
  absl::Status status = writer_->Transaction("BEGIN IMMEDIATE", body);
  if (IsDamage(status)) writer_.reset();
  return status;
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
  // A journal left by a crash in mid-change can only be rolled back, and a WAL only be folded in, by a connection that
  // may write.
  const auto lies_beside = [this](const char* suffix) { return FileExists(file_.path + suffix).value_or(true); };
  const auto mode =
      lies_beside("-journal") || lies_beside("-wal") ? Connection::Mode::kReadWrite : Connection::Mode::kReadOnly;
  SUMSCOPE_ASSIGN_OR_RETURN(std::unique_ptr<Connection> reader, OpenConnection(mode));
  SUMSCOPE_ASSIGN_OR_RETURN(const int version, CheckSchema(*reader, schema_));
  NoteBeside(*reader);
  if (version == 0) return reader->Corrupt("it is empty");
  SUMSCOPE_RETURN_IF_ERROR(Check(*reader));
  if (file_.kind == FileKind::kCatalog) return reader;
  // Tensors are read once: fifty downloads that began together kept 2 MB of their pages each.
  SUMSCOPE_RETURN_IF_ERROR(reader->Guard([&] {
    reader->Execute("PRAGMA cache_size=-256");
    return absl::OkStatus();
  }));
  return reader;
}

void Database::ReturnReader(std::unique_ptr<Connection> reader) {
  MutexLock lock(&mutex_);
  if (idle_readers_.size() < kMaxIdleReaders) idle_readers_.push_back(std::move(reader));
}

absl::Status Database::ReadBeside(const Body& body) {
  SUMSCOPE_ASSIGN_OR_RETURN(std::unique_ptr<Connection> reader, TakeReader());
  absl::Status status = reader->Transaction("BEGIN DEFERRED", body);
  if (!IsDamage(status)) ReturnReader(std::move(reader));
  return status;
}

// Connections remember pages. The catalog's few rows that cannot be read are no reason to close it again and again.
bool Database::IsDamage(const absl::Status& status) const {
  return absl::IsDataLoss(status) && file_.kind == FileKind::kRunFile && !in_memory();
}

absl::Status Database::Use(const std::function<absl::Status()>& use) {
  SUMSCOPE_RETURN_IF_ERROR(FollowPath());
  absl::Status status;
  {
    SUMSCOPE_RETURN_IF_ERROR(BeginUse());
    const absl::Cleanup end_use = [this] { EndUse(); };
    status = use();
  }
  if (IsDamage(status)) TryClose();
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
  SUMSCOPE_ASSIGN_OR_RETURN(writer_, OpenConnection(Connection::Mode::kReadWrite));
  Connection& writer = *writer_;
  SUMSCOPE_RETURN_IF_ERROR(CheckSchema(writer, schema_).status());
  NoteBeside(writer);
  SUMSCOPE_RETURN_IF_ERROR(writer.FoldWal());
  return writer.Guard([&] { return SetJournalMode(writer, "delete"); });
}

absl::Status Database::Seal() {
  if (in_memory()) return absl::OkStatus();
  SUMSCOPE_RETURN_IF_ERROR(BeginOwn(/*wait=*/true));
  const absl::Cleanup end_own = [this] { EndOwn(); };
  SUMSCOPE_RETURN_IF_ERROR(CloseConnections());
  const absl::Status left = LeaveWal();
  const absl::Status closed = CloseConnections();
  SUMSCOPE_RETURN_IF_ERROR(left);
  SUMSCOPE_RETURN_IF_ERROR(closed);
  return env_->FsyncDirectory(DirectoryOf(file_.path));
}

absl::Status Database::CloseConnections() {
  MutexLock writer_lock(&writer_mutex_);
  std::vector<std::unique_ptr<Connection>> readers;
  std::optional<HeldFile> held;
  {
    MutexLock lock(&mutex_);
    readers.swap(idle_readers_);
    held.swap(held_);
  }
  const bool moved = held.has_value() && held->Look() != HeldFile::Place::kInPlace;
  if (moved) {
    const absl::Status folded = FoldWal(writer_.get(), readers);
    if (!folded.ok() && !absl::IsDataLoss(folded)) {
      MutexLock lock(&mutex_);
      readers.swap(idle_readers_);
      held.swap(held_);
      return folded;
    }
  }
  // The writer last: it is the one that may fold the WAL into the file.
  readers.clear();
  writer_.reset();
  return moved ? held->RemoveBeside(env_) : absl::OkStatus();
}

absl::Status Database::Close() {
  if (in_memory()) return absl::OkStatus();
  SUMSCOPE_RETURN_IF_ERROR(BeginOwn(/*wait=*/true));
  const absl::Cleanup end_own = [this] { EndOwn(); };
  return CloseConnections();
}

bool Database::TryClose() {
  if (in_memory() || !BeginOwn(/*wait=*/false).ok()) return false;
  const absl::Cleanup end_own = [this] { EndOwn(); };
  return CloseConnections().ok();
}

absl::Status Database::CloseForEver(absl::Status status) {
  SUMSCOPE_RETURN_IF_ERROR(BeginOwn(/*wait=*/true));
  const absl::Cleanup end_own = [this] { EndOwn(); };
  CloseConnections().IgnoreError();  // no file comes to its path any more
  MutexLock lock(&mutex_);
  closed_ = std::move(status);
  return absl::OkStatus();
}

}  // namespace sumscope::storage

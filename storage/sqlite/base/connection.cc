#include "storage/sqlite/base/connection.h"

#include <sqlite3.h>

#include <optional>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/status_macros.h"

namespace sumscope::storage {
namespace {

constexpr int kBusyTimeoutMs = 5000;
// Dynamic statements (lists with a filter) are not worth keeping beyond this number.
constexpr size_t kMaxIdleStatements = 64;

int OpenFlags(const FileIdentity& file, Connection::Mode mode) {
  // One thread at a time uses a connection, so SQLite's own lock per connection is not needed.
  if (file.path.empty()) return SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE | SQLite::OPEN_NOMUTEX;
  switch (mode) {
    case Connection::Mode::kReadOnly:
      return SQLite::OPEN_READONLY | SQLite::OPEN_NOMUTEX;
    case Connection::Mode::kReadWrite:
      return SQLite::OPEN_READWRITE | SQLite::OPEN_NOMUTEX;
    case Connection::Mode::kCreate:
      break;
  }
  return SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE | SQLite::OPEN_NOMUTEX;
}

// SQLite counts its memory under a mutex of the whole process, at every allocation and release: with fifty readers at
// once each of them waited for it, up to 0.2 s. Nobody asks for these figures. To be called before SQLite's first use;
// later it has no effect.
void LeaveMemoryUncounted() {
  static const int configured = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  static_cast<void>(configured);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(const FileIdentity& file, Mode mode, const Admit& admit) {
  LeaveMemoryUncounted();
  if (mode != Mode::kCreate) SUMSCOPE_RETURN_IF_ERROR(CheckPresent(file));
  SUMSCOPE_RETURN_IF_ERROR(CheckRegular(file));
  return GuardSqlite(file, [&]() -> absl::StatusOr<std::unique_ptr<Connection>> {
    std::optional<FileId> before, after;
    if (admit) {
      SUMSCOPE_ASSIGN_OR_RETURN(before, FileIdOf(file.path));
    }
    auto connection = std::make_unique<Connection>(file, mode);
    if (admit) {
      SUMSCOPE_ASSIGN_OR_RETURN(after, FileIdOf(file.path));
      const bool made = !before.has_value() && mode == Mode::kCreate;
      if (!after.has_value() || (!made && before != after)) return FileReplaced(file);
      SUMSCOPE_RETURN_IF_ERROR(admit(*after));
    }
    connection->Configure();
    return connection;
  });
}

Connection::Connection(const FileIdentity& file, Mode mode)
    : file_(file), database_(file.path.empty() ? ":memory:" : file.path, OpenFlags(file, mode), kBusyTimeoutMs) {}

void Connection::Configure() {
  // trusted_schema: a file from elsewhere must not call functions with side effects from its views.
  Execute(
      "PRAGMA foreign_keys=ON; PRAGMA synchronous=FULL; PRAGMA cell_size_check=ON; PRAGMA trusted_schema=OFF; "
      "PRAGMA journal_size_limit=67108864");
}

std::string Connection::PathFound() const { return sqlite3_db_filename(database_.getHandle(), "main"); }

absl::Status Connection::FoldWal() {
  return Guard([&]() -> absl::Status {
    sqlite3* const handle = database_.getHandle();
    const int code = sqlite3_wal_checkpoint_v2(handle, "main", SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
    if (code != SQLITE_OK) throw SQLite::Exception(handle, code);
    return absl::OkStatus();
  });
}

absl::Status Connection::CheckWritable() const {
  if (sqlite3_db_readonly(database_.getHandle(), "main") == 0) return absl::OkStatus();
  return StatusFromSqlite(SQLite::Exception("attempt to write a readonly database", SQLITE_READONLY), file_);
}

SystemErrors Connection::LastSystemErrors() const {
  sqlite3* const handle = database_.getHandle();
  SystemErrors errors = {sqlite3_system_errno(handle)};
  int of_file = 0;
  if (sqlite3_file_control(handle, "main", SQLITE_FCNTL_LAST_ERRNO, &of_file) == SQLITE_OK) errors.push_back(of_file);
  sqlite3_file* journal = nullptr;  // or the WAL
  if (sqlite3_file_control(handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, &journal) == SQLITE_OK && journal != nullptr &&
      journal->pMethods != nullptr && journal->pMethods->xFileControl != nullptr &&  // one in memory has none
      journal->pMethods->xFileControl(journal, SQLITE_FCNTL_LAST_ERRNO, &of_file) == SQLITE_OK) {
    errors.push_back(of_file);
  }
  return errors;
}

int64_t Connection::Pragma(const std::string& name) {
  return database_.execAndGet(absl::StrCat("PRAGMA ", name)).getInt64();
}

std::unique_ptr<SQLite::Statement> Connection::TakeStatement(const std::string& sql) {
  auto found = idle_statements_.find(sql);
  if (found == idle_statements_.end()) return std::make_unique<SQLite::Statement>(database_, sql);
  auto statement = std::move(found->second);
  idle_statements_.erase(found);
  return statement;
}

void Connection::ReturnStatement(const std::string& sql, std::unique_ptr<SQLite::Statement> statement) {
  statement->tryReset();
  statement->clearBindings();
  if (idle_statements_.size() < kMaxIdleStatements) idle_statements_.emplace(sql, std::move(statement));
}

Connection::Rollback::~Rollback() {
  if (sqlite3_get_autocommit(connection.database_.getHandle()) == 0) connection.database_.tryExec("ROLLBACK");
}

}  // namespace sumscope::storage

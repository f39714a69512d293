#ifndef SUMSCOPE_STORAGE_SQLITE_BASE_CONNECTION_H_
#define SUMSCOPE_STORAGE_SQLITE_BASE_CONNECTION_H_

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/sqlite/base/guard.h"
#include "storage/sqlite/files/files.h"

namespace sumscope::storage {

// One SQLite connection with the settings every database of ours has, and its prepared statements. Thread-compatible:
// its Database hands it to one thread at a time.
class Connection {
 public:
  enum class Mode { kReadOnly, kReadWrite, kCreate };
  // `admit`, if any, is asked of the file that was opened before anything beside it is, such as another file's WAL.
  using Admit = std::function<absl::Status(const FileId&)>;
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const FileIdentity& file, Mode mode,
                                                          const Admit& admit = nullptr);

  Connection(const FileIdentity& file, Mode mode);  // throws; use Open

  // GuardSqlite that also remembers the failure, so that a transaction in which a statement failed is never committed.
  template <typename Body>
  auto Guard(Body&& body) -> decltype(body()) {
    try {
      return std::forward<Body>(body)();
    } catch (const SQLite::Exception& error) {
      failure_ = StatusFromSqlite(error, file_, LastSystemErrors());
      return failure_;
    }
  }

  // Runs `body` between `begin` ("BEGIN IMMEDIATE") and COMMIT; rolls back when it, or a statement in it, failed.
  template <typename Body>
  absl::Status Transaction(const char* begin, Body&& body) {
    failure_ = absl::OkStatus();
    Rollback rollback{*this};
    absl::Status status = Guard([&] { return Execute(begin), absl::OkStatus(); });
    if (status.ok()) status = body(*this);
    if (status.ok()) status = failure_;
    if (status.ok()) status = Guard([&] { return Execute("COMMIT"), absl::OkStatus(); });
    return status;
  }

  // Writes what the WAL holds into the file, wherever that has been moved to, and empties the WAL. UNAVAILABLE
  // STORAGE_BUSY when another program reads it. OK without a WAL.
  absl::Status FoldWal();
  // FAILED_PRECONDITION DATA_DIRECTORY_NOT_WRITABLE when SQLite could open the file for reading only.
  absl::Status CheckWritable() const;

  // These throw SQLite::Exception: call them inside Guard.
  void Execute(const std::string& sql) { database_.exec(sql); }
  int64_t Pragma(const std::string& name);
  std::unique_ptr<SQLite::Statement> TakeStatement(const std::string& sql);

  void ReturnStatement(const std::string& sql, std::unique_ptr<SQLite::Statement> statement);
  int64_t last_insert_rowid() const { return database_.getLastInsertRowid(); }
  const FileIdentity& file() const { return file_; }
  // Where SQLite found it: what lies beside it lies there, also where the path is a symbolic link.
  std::string PathFound() const;
  absl::Status Corrupt(absl::string_view what) const { return CorruptFile(file_, what); }

 private:
  void Configure();  // throws
  // Of the connection, its file and its journal.
  SystemErrors LastSystemErrors() const;

  struct Rollback {
    Connection& connection;
    ~Rollback();  // when the transaction is still open
  };

  const FileIdentity file_;
  SQLite::Database database_;
  std::unordered_map<std::string, std::unique_ptr<SQLite::Statement>> idle_statements_;
  absl::Status failure_;
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_BASE_CONNECTION_H_

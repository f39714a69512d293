#ifndef SUMSCOPE_STORAGE_SQLITE_BASE_DATABASE_H_
#define SUMSCOPE_STORAGE_SQLITE_BASE_DATABASE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/contract/base/mutex.h"
#include "storage/sqlite/base/connection.h"
#include "storage/sqlite/base/schema.h"
#include "storage/sqlite/files/held_file.h"

namespace sumscope::storage {

// One database file with one writer and any number of readers beside it, each on a snapshot (WAL). Connections are
// opened when first needed. In memory there is one connection, used in turns. Thread-safe. A body must not call the
// same Database again.
//
// A run file is the user's to restore while it is in use. One that was found damaged is opened anew by its next use,
// and so is one that was removed, moved away or exchanged for another; what was not yet folded into that one still
// comes into it, and never into another. While there is none, every use is NOT_FOUND RUN_FILE_NOT_FOUND.
class Database {
 public:
  using Body = std::function<absl::Status(Connection&)>;
  // `schema` and `env` are borrowed. `check`, if any, looks at each new connection to a file: whether it is the one
  // that was meant.
  Database(FileIdentity file, const Schema* schema, Env* env, Body check = nullptr)
      : file_(std::move(file)), schema_(*schema), env_(env), check_(std::move(check)) {}
  ~Database();

  // One transaction, durable when OK is returned. The first write of a file creates or migrates its schema.
  absl::Status Write(const Body& body) ABSL_LOCKS_EXCLUDED(mutex_, writer_mutex_);
  // One consistent snapshot, of whatever schema version the file has.
  absl::Status Read(const Body& body) ABSL_LOCKS_EXCLUDED(mutex_, writer_mutex_);

  // NOT_FOUND RUN_FILE_NOT_FOUND, with the connections let go, when a run's file is gone; FileError when nobody can
  // tell.
  absl::Status CheckPresent() ABSL_LOCKS_EXCLUDED(mutex_, writer_mutex_);
  // The number of times that another file was found at the path than before. Stays the same within a body.
  uint64_t Incarnation() ABSL_LOCKS_EXCLUDED(mutex_);

  // Checkpoints the WAL into the file and leaves WAL mode: one plain file with nothing beside it. UNAVAILABLE
  // STORAGE_BUSY when another program, or a reader of ours that takes too long, has it open.
  absl::Status Seal() ABSL_LOCKS_EXCLUDED(mutex_, writer_mutex_);
  // Closes every connection once nobody uses them. UNAVAILABLE STORAGE_BUSY as above.
  absl::Status Close() ABSL_LOCKS_EXCLUDED(mutex_, writer_mutex_);
  // The same without waiting; returns false when the database is in use.
  bool TryClose() ABSL_LOCKS_EXCLUDED(mutex_, writer_mutex_);
  // Closes every connection; later calls return `status`.
  absl::Status CloseForEver(absl::Status status) ABSL_LOCKS_EXCLUDED(mutex_, writer_mutex_);

  const FileIdentity& file() const { return file_; }

 private:
  bool in_memory() const { return file_.path.empty(); }
  // Users hold the connections open; an owner has them to itself.
  absl::Status BeginUse() ABSL_LOCKS_EXCLUDED(mutex_);
  void EndUse() ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status Use(const std::function<absl::Status()>& use) ABSL_LOCKS_EXCLUDED(mutex_, writer_mutex_);
  absl::Status BeginOwn(bool wait) ABSL_LOCKS_EXCLUDED(mutex_);
  void EndOwn() ABSL_LOCKS_EXCLUDED(mutex_);

  // Lets go of a file that is not at its path any more. Errors as CheckPresent, and of folding its WAL in.
  absl::Status FollowPath() ABSL_LOCKS_EXCLUDED(mutex_, writer_mutex_);

  // A connection to the file that others hold, or to whatever is there when none does. Nothing of it was read yet.
  absl::StatusOr<std::unique_ptr<Connection>> OpenConnection(Connection::Mode mode) ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status Admit(const FileId& id) ABSL_LOCKS_EXCLUDED(mutex_);
  // To be called when a connection has read for the first time.
  void NoteBeside(const Connection& connection) ABSL_LOCKS_EXCLUDED(mutex_);
  // Whether an error says that the file may be restored, and connections may remember what it was.
  bool IsDamage(const absl::Status& status) const;
  absl::Status Check(Connection& connection) const;
  absl::Status OpenWriter() ABSL_EXCLUSIVE_LOCKS_REQUIRED(writer_mutex_);
  absl::StatusOr<std::unique_ptr<Connection>> TakeReader() ABSL_LOCKS_EXCLUDED(mutex_);
  void ReturnReader(std::unique_ptr<Connection> reader) ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status WriteInTurn(const Body& body) ABSL_LOCKS_EXCLUDED(writer_mutex_);
  absl::Status ReadInTurn(const Body& body) ABSL_LOCKS_EXCLUDED(writer_mutex_);
  absl::Status ReadBeside(const Body& body) ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status LeaveWal() ABSL_LOCKS_EXCLUDED(mutex_, writer_mutex_);
  // Fails, and keeps them, when they hold a file that was moved and its WAL cannot be folded in now.
  absl::Status CloseConnections() ABSL_LOCKS_EXCLUDED(mutex_, writer_mutex_);

  const FileIdentity file_;
  const Schema& schema_;
  Env* const env_;
  const Body check_;

  Mutex writer_mutex_;  // taken before mutex_
  std::unique_ptr<Connection> writer_ ABSL_GUARDED_BY(writer_mutex_);

  Mutex mutex_;
  CondVar changed_;
  int users_ ABSL_GUARDED_BY(mutex_) = 0;
  bool owned_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status closed_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<Connection>> idle_readers_ ABSL_GUARDED_BY(mutex_);
  std::optional<HeldFile> held_ ABSL_GUARDED_BY(mutex_);  // what the connections hold
  std::optional<FileId> last_ ABSL_GUARDED_BY(mutex_);    // what they hold, or held last
  uint64_t incarnation_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_BASE_DATABASE_H_

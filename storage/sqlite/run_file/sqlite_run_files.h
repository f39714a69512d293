#ifndef SUMSCOPE_STORAGE_SQLITE_RUN_FILE_SQLITE_RUN_FILES_H_
#define SUMSCOPE_STORAGE_SQLITE_RUN_FILE_SQLITE_RUN_FILES_H_

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "proto/contract/base/mutex.h"
#include "storage/run_file.h"
#include "storage/sqlite/run_file/sqlite_run_file.h"

namespace sumscope::storage {

// <directory>/runs/<first two characters>/<run>.db. Files are shared objects, most recently used first; beyond
// limits::kMaxOpenRunFiles the oldest that nobody holds is closed. What touches a file (opening, checking, making,
// closing and removing it) happens outside the lock, in that run's turn: a file that is slow, or locked by another
// program, makes only those wait who want the same one. Thread-safe.
class SqliteRunFiles final : public RunFiles {
 public:
  using RemoveCaptures = std::function<absl::Status(const std::string& run)>;
  // An empty directory keeps every run in memory. `remove_captures` is called when a run is removed.
  SqliteRunFiles(std::string directory, RemoveCaptures remove_captures)
      : directory_(std::move(directory)), remove_captures_(std::move(remove_captures)) {}

  absl::StatusOr<std::shared_ptr<RunFile>> Create(const v1::Run& run) override;
  absl::StatusOr<std::shared_ptr<RunFile>> Open(const std::string& run) override;
  bool Exists(const std::string& run) override;
  absl::Status Remove(const std::string& run) override;
  absl::StatusOr<std::vector<std::string>> ListUnsealed() override;
  // Files that a process which died never finished making. Before anybody makes one; lists directories, opens no file.
  absl::Status RemoveUnfinished();

 private:
  struct Entry {
    std::shared_ptr<SqliteRunFile> file;  // shared with whoever uses it
    std::list<std::string>::iterator place;
  };
  // Waits for the run's turn and holds it while it lives.
  class Turn {
   public:
    Turn(SqliteRunFiles* files, std::string run);
    ~Turn();

   private:
    SqliteRunFiles* const files_;
    const std::string run_;
  };
  bool in_memory() const { return directory_.empty(); }
  std::string PathOf(const std::string& run) const;
  // Null when it is not open.
  std::shared_ptr<SqliteRunFile> Find(const std::string& run);
  void Keep(const std::string& run, std::shared_ptr<SqliteRunFile> file);
  // Closes what is open beyond the maximum and held by nobody.
  void CloseOldest();
  // Takes the oldest of them out, with its run's turn.
  std::shared_ptr<SqliteRunFile> TakeOldest(std::string* run);
  absl::StatusOr<std::shared_ptr<SqliteRunFile>> CreateInTurn(const std::string& id, const v1::Run& run);
  absl::StatusOr<std::shared_ptr<SqliteRunFile>> OpenInTurn(const std::string& run);
  absl::Status RemoveInTurn(const std::string& run);

  const std::string directory_;
  const RemoveCaptures remove_captures_;
  Mutex mutex_;
  CondVar changed_;
  std::set<std::string> turns_ ABSL_GUARDED_BY(mutex_);  // runs whose file somebody opens, makes, closes or removes
  std::map<std::string, Entry> open_ ABSL_GUARDED_BY(mutex_);
  std::list<std::string> recent_ ABSL_GUARDED_BY(mutex_);  // most recently used first
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_RUN_FILE_SQLITE_RUN_FILES_H_

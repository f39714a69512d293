#ifndef SUMSCOPE_STORAGE_SQLITE_RUN_FILE_SQLITE_RUN_FILES_H_
#define SUMSCOPE_STORAGE_SQLITE_RUN_FILE_SQLITE_RUN_FILES_H_

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "proto/contract/base/mutex.h"
#include "storage/run_file.h"
#include "storage/sqlite/run_file/sqlite_run_file.h"

namespace sumscope::storage {

// <directory>/runs/<first two characters>/<run>.db. Files are shared objects, most recently used first; beyond
// limits::kMaxOpenRunFiles the oldest that nobody holds is closed. What touches a file (opening, checking, making,
// closing and removing it) happens outside the lock, in that run's turn: a file that is slow, or locked by another
// program, makes only those wait who want the same one, and them for a while. Thread-safe.
class SqliteRunFiles final : public RunFiles {
 public:
  using RemoveCaptures = std::function<absl::Status(const std::string& run)>;
  // An empty directory keeps every run in memory. `remove_captures` is called when a run is removed. `env` outlives it.
  SqliteRunFiles(std::string directory, Env* env, RemoveCaptures remove_captures)
      : directory_(std::move(directory)), env_(env), remove_captures_(std::move(remove_captures)) {}

  absl::StatusOr<std::shared_ptr<RunFile>> Create(const v1::Run& run) override;
  absl::StatusOr<std::shared_ptr<RunFile>> Open(const std::string& run) override;
  bool Exists(const std::string& run) override;
  absl::Status Remove(const std::string& run) override;
  absl::StatusOr<std::vector<std::string>> ListUnsealed() override;
  std::string DebugString() override;
  // Whether a process which died never finished making the file, where nobody makes one now.
  static bool IsUnfinished(const std::string& path);

 private:
  struct Entry {
    std::shared_ptr<SqliteRunFile> file;  // shared with whoever uses it
    std::list<std::string>::iterator place;
  };
  // How a turn ended. Shared by the thread that has the turn and those that wait for it.
  struct TurnEnd {
    bool over = false;
    absl::Status refusal;  // why the file could not be opened
  };
  // A run's turn, held while it lives.
  class Turn {
   public:
    // Waits for it. UNAVAILABLE STORAGE_BUSY when it does not come in time. With `opens`, the refusal of who had it
    // before and could not open the file is this one's too: to find the same out would take as long again.
    static absl::StatusOr<std::unique_ptr<Turn>> Take(SqliteRunFiles* files, const std::string& run, bool opens);
    ~Turn();
    void Refuse(const absl::Status& refusal);

   private:
    Turn(SqliteRunFiles* files, std::string run) : files_(files), run_(std::move(run)) {}
    SqliteRunFiles* const files_;
    const std::string run_;
  };
  void EndTurn(const std::string& run) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
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
  Env* const env_;
  const RemoveCaptures remove_captures_;
  Mutex mutex_;
  CondVar changed_;
  // Runs whose file somebody opens, makes, closes or removes.
  std::map<std::string, std::shared_ptr<TurnEnd>> turns_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, Entry> open_ ABSL_GUARDED_BY(mutex_);
  std::list<std::string> recent_ ABSL_GUARDED_BY(mutex_);  // most recently used first
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_RUN_FILE_SQLITE_RUN_FILES_H_

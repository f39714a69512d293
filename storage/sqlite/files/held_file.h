#ifndef SUMSCOPE_STORAGE_SQLITE_FILES_HELD_FILE_H_
#define SUMSCOPE_STORAGE_SQLITE_FILES_HELD_FILE_H_

#include <map>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "storage/sqlite/files/env.h"
#include "storage/sqlite/files/files.h"

namespace sumscope::storage {

// The file that a database's connections hold, and what SQLite has made beside it. Once that file is removed, moved
// away or exchanged for another, SQLite neither folds its WAL in nor removes it: it lies there for whatever file comes
// to the path next, and would be replayed over that. Thread-compatible.
class HeldFile {
 public:
  enum class Place { kInPlace, kGone, kReplaced };

  HeldFile(std::string path, const FileId& id) : path_(std::move(path)), id_(id) {}
  const FileId& id() const { return id_; }

  // What lies at its path. In place when nobody can tell: what is held can be used.
  Place Look() const { return LookFor(id_, path_); }
  // The same of `path` and whatever file is held there.
  static Place LookFor(const FileId& id, const std::string& path);
  // To be called when a connection has begun to use it: what lies beside `found` now (Connection::PathFound) is its
  // own.
  void NoteBeside(const std::string& found);
  // Removes what was noted, and nothing that has taken its place. Nobody may have it open.
  absl::Status RemoveBeside(Env* env) const;

 private:
  std::string path_;
  FileId id_;
  std::map<std::string, FileId> beside_;  // paths of WAL and shared memory
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_FILES_HELD_FILE_H_

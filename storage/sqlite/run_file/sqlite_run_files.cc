#include "storage/sqlite/run_file/sqlite_run_files.h"

#include <chrono>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/names/resource_names.h"
#include "proto/contract/text/first_few.h"
#include "proto/contract/text/quote.h"
#include "storage/sqlite/files/files.h"

namespace sumscope::storage {
namespace {

// For a run's turn: a few times what SQLite waits for a lock.
constexpr std::chrono::seconds kMaxTurnWait{20};

absl::Status Busy(const std::string& run) {
  return MakeError(absl::StatusCode::kUnavailable, "STORAGE_BUSY",
                   absl::StrCat("others have waited for the file of run ", Quote(run), " for ", kMaxTurnWait.count(),
                                " s: another program may hold it; try again later"));
}

absl::Status RunExists(const std::string& run) {
  return MakeError(absl::StatusCode::kAlreadyExists, "RUN_EXISTS", absl::StrCat("there is a file of run ", Quote(run)));
}

absl::Status NoFile(const std::string& run) {
  return MakeError(absl::StatusCode::kNotFound, "RUN_FILE_NOT_FOUND",
                   absl::StrCat("run ", Quote(run), " has no file; if it had one, restore it from a backup"));
}

}  // namespace

std::string SqliteRunFiles::PathOf(const std::string& run) const {
  return absl::StrCat(directory_, "/runs/", run.substr(0, 2), "/", run, ".db");
}

absl::StatusOr<std::unique_ptr<SqliteRunFiles::Turn>> SqliteRunFiles::Turn::Take(SqliteRunFiles* files,
                                                                                 const std::string& run, bool opens) {
  const auto deadline = std::chrono::steady_clock::now() + kMaxTurnWait;
  MutexLock lock(&files->mutex_);
  for (;;) {
    const auto [at, taken] = files->turns_.try_emplace(run);
    if (taken) {
      at->second = std::make_shared<TurnEnd>();
      return std::unique_ptr<Turn>(new Turn(files, run));
    }
    const std::shared_ptr<TurnEnd> before = at->second;
    while (!before->over) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      if (left.count() <= 0) return Busy(run);
      files->changed_.WaitFor(&files->mutex_, left);
    }
    if (opens && !before->refusal.ok()) return before->refusal;
  }
}

SqliteRunFiles::Turn::~Turn() {
  MutexLock lock(&files_->mutex_);
  files_->EndTurn(run_);
}

void SqliteRunFiles::Turn::Refuse(const absl::Status& refusal) {
  MutexLock lock(&files_->mutex_);
  files_->turns_.at(run_)->refusal = refusal;
}

void SqliteRunFiles::EndTurn(const std::string& run) {
  const auto at = turns_.find(run);
  at->second->over = true;
  turns_.erase(at);
  changed_.NotifyAll();
}

std::shared_ptr<SqliteRunFile> SqliteRunFiles::Find(const std::string& run) {
  MutexLock lock(&mutex_);
  const auto found = open_.find(run);
  if (found == open_.end()) return nullptr;
  recent_.splice(recent_.begin(), recent_, found->second.place);
  return found->second.file;
}

void SqliteRunFiles::Keep(const std::string& run, std::shared_ptr<SqliteRunFile> file) {
  MutexLock lock(&mutex_);
  recent_.push_front(run);
  open_[run] = {std::move(file), recent_.begin()};
}

std::shared_ptr<SqliteRunFile> SqliteRunFiles::TakeOldest(std::string* run) {
  MutexLock lock(&mutex_);
  if (open_.size() <= limits::kMaxOpenRunFiles) return nullptr;
  for (auto place = recent_.end(); place != recent_.begin();) {
    --place;
    const auto found = open_.find(*place);
    // Held by nobody but this map: no call is under way, and who opens it again waits for its turn.
    if (found->second.file.use_count() > 1 || turns_.count(*place) > 0) continue;
    turns_[*place] = std::make_shared<TurnEnd>();
    std::shared_ptr<SqliteRunFile> file = std::move(found->second.file);
    *run = *place;
    open_.erase(found);
    recent_.erase(place);
    return file;
  }
  return nullptr;
}

void SqliteRunFiles::CloseOldest() {
  if (in_memory()) return;
  std::string run;
  while (std::shared_ptr<SqliteRunFile> file = TakeOldest(&run)) {
    file->TryClose();  // nobody else holds it
    MutexLock lock(&mutex_);
    EndTurn(run);
  }
}

absl::StatusOr<std::shared_ptr<SqliteRunFile>> SqliteRunFiles::CreateInTurn(const std::string& id, const v1::Run& run) {
  SUMSCOPE_ASSIGN_OR_RETURN(const auto turn, Turn::Take(this, id, /*opens=*/false));
  if (Find(id) != nullptr) return RunExists(id);
  const std::string path = in_memory() ? "" : PathOf(id);
  auto file = std::make_shared<SqliteRunFile>(id, path, env_);
  if (in_memory()) {
    SUMSCOPE_RETURN_IF_ERROR(file->Initialise(run));
  } else {
    SUMSCOPE_ASSIGN_OR_RETURN(const bool there, FileExists(path));
    if (there) return RunExists(id);
    SUMSCOPE_RETURN_IF_ERROR(env_->MakeDirectory(DirectoryOf(path)));
    SUMSCOPE_RETURN_IF_ERROR(env_->FsyncDirectory(DirectoryOf(DirectoryOf(path))));
    SUMSCOPE_RETURN_IF_ERROR(SqliteRunFile::CreateFile(path, run, env_));
  }
  Keep(id, file);
  return file;
}

absl::StatusOr<std::shared_ptr<RunFile>> SqliteRunFiles::Create(const v1::Run& run) {
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string id, ParseRunName(run.name()));
  SUMSCOPE_RETURN_IF_ERROR(ValidateRunId(id));
  SUMSCOPE_ASSIGN_OR_RETURN(std::shared_ptr<RunFile> file, CreateInTurn(id, run));
  CloseOldest();
  return file;
}

absl::StatusOr<std::shared_ptr<SqliteRunFile>> SqliteRunFiles::OpenInTurn(const std::string& run) {
  SUMSCOPE_ASSIGN_OR_RETURN(const auto turn, Turn::Take(this, run, /*opens=*/true));
  if (std::shared_ptr<SqliteRunFile> found = Find(run)) return found;
  if (in_memory()) return NoFile(run);
  SUMSCOPE_ASSIGN_OR_RETURN(const bool there, FileExists(PathOf(run)));
  if (!there) return NoFile(run);
  auto file = std::make_shared<SqliteRunFile>(run, PathOf(run), env_);
  if (const absl::Status checked = file->Check(); !checked.ok()) {
    turn->Refuse(checked);
    return checked;
  }
  Keep(run, file);
  return file;
}

absl::StatusOr<std::shared_ptr<RunFile>> SqliteRunFiles::Open(const std::string& run) {
  SUMSCOPE_RETURN_IF_ERROR(ValidateRunId(run));
  if (const std::shared_ptr<SqliteRunFile> found = Find(run)) {
    SUMSCOPE_RETURN_IF_ERROR(found->CheckPresent());
    return found;
  }
  SUMSCOPE_ASSIGN_OR_RETURN(std::shared_ptr<RunFile> file, OpenInTurn(run));
  CloseOldest();
  return file;
}

bool SqliteRunFiles::Exists(const std::string& run) {
  if (!ValidateRunId(run).ok()) return false;
  return in_memory() ? Find(run) != nullptr : FileExists(PathOf(run)).value_or(true);
}

absl::Status SqliteRunFiles::RemoveInTurn(const std::string& run) {
  SUMSCOPE_ASSIGN_OR_RETURN(const auto turn, Turn::Take(this, run, /*opens=*/false));
  if (const std::shared_ptr<SqliteRunFile> found = Find(run)) {
    SUMSCOPE_RETURN_IF_ERROR(found->CloseForEver(NoFile(run)));
    MutexLock lock(&mutex_);
    const auto place = open_.find(run);
    recent_.erase(place->second.place);
    open_.erase(place);
  }
  SUMSCOPE_RETURN_IF_ERROR(remove_captures_(run));
  if (in_memory()) return absl::OkStatus();
  const std::string path = PathOf(run);
  // The file itself last: a run that comes later under this id never meets the journal of this one.
  for (const char* suffix : {"-wal", "-shm", "-journal", ""}) SUMSCOPE_RETURN_IF_ERROR(env_->RemoveFile(path + suffix));
  SUMSCOPE_ASSIGN_OR_RETURN(const bool had_folder, FileExists(DirectoryOf(path)));
  return had_folder ? env_->FsyncDirectory(DirectoryOf(path)) : absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> SqliteRunFiles::ListUnsealed() {
  std::vector<std::string> runs;
  if (in_memory()) return runs;
  SUMSCOPE_ASSIGN_OR_RETURN(const FilesOfRuns files, ListFilesOfRuns(env_, directory_));
  for (const std::string& path : files.paths) {
    absl::string_view name = absl::string_view(path).substr(path.rfind('/') + 1);
    if (absl::ConsumeSuffix(&name, ".db-wal") && ValidateRunId(name).ok()) runs.emplace_back(name);
  }
  return runs;
}

std::string SqliteRunFiles::DebugString() {
  MutexLock lock(&mutex_);
  size_t used = 0;
  for (const auto& [run, entry] : open_) used += entry.file.use_count() > 1 ? 1 : 0;
  std::vector<std::string> turns;
  for (const auto& [run, end] : turns_) turns.push_back(run);
  return absl::StrCat("run files open ", open_.size(), ", in use ", used, ", used last ", FirstFew(recent_),
                      ", opened or closed now ", FirstFew(turns));
}

bool SqliteRunFiles::IsUnfinished(const std::string& path) {
  return absl::EndsWith(path, ".db.new") || absl::EndsWith(path, ".db.new-journal");
}

absl::Status SqliteRunFiles::Remove(const std::string& run) {
  SUMSCOPE_RETURN_IF_ERROR(ValidateRunId(run));
  return RemoveInTurn(run);
}

}  // namespace sumscope::storage

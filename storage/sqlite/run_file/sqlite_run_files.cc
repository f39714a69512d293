#include "storage/sqlite/run_file/sqlite_run_files.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "proto/contract/base/quote.h"
#include "proto/contract/base/status_macros.h"
#include "proto/contract/errors.h"
#include "proto/contract/limits.h"
#include "proto/contract/resource_names.h"
#include "storage/sqlite/base/files.h"

namespace sumscope::storage {
namespace {

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

SqliteRunFiles::Turn::Turn(SqliteRunFiles* files, std::string run) : files_(files), run_(std::move(run)) {
  MutexLock lock(&files_->mutex_);
  while (!files_->turns_.insert(run_).second) files_->changed_.Wait(&files_->mutex_);
}

SqliteRunFiles::Turn::~Turn() {
  MutexLock lock(&files_->mutex_);
  files_->turns_.erase(run_);
  files_->changed_.NotifyAll();
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
    if (found->second.file.use_count() > 1 || !turns_.insert(*place).second) continue;
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
    turns_.erase(run);
    changed_.NotifyAll();
  }
}

absl::StatusOr<std::shared_ptr<SqliteRunFile>> SqliteRunFiles::CreateInTurn(const std::string& id, const v1::Run& run) {
  const Turn turn(this, id);
  if (Find(id) != nullptr) return RunExists(id);
  const std::string path = in_memory() ? "" : PathOf(id);
  auto file = std::make_shared<SqliteRunFile>(id, path);
  if (in_memory()) {
    SUMSCOPE_RETURN_IF_ERROR(file->Initialise(run));
  } else {
    if (FileExists(path)) return RunExists(id);
    SUMSCOPE_RETURN_IF_ERROR(MakeDirectory(DirectoryOf(path)));
    SUMSCOPE_RETURN_IF_ERROR(FsyncDirectory(DirectoryOf(DirectoryOf(path))));
    SUMSCOPE_RETURN_IF_ERROR(SqliteRunFile::CreateFile(path, run));
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
  const Turn turn(this, run);
  if (std::shared_ptr<SqliteRunFile> found = Find(run)) return found;
  if (in_memory() || !FileExists(PathOf(run))) return NoFile(run);
  auto file = std::make_shared<SqliteRunFile>(run, PathOf(run));
  SUMSCOPE_RETURN_IF_ERROR(file->Check());
  Keep(run, file);
  return file;
}

absl::StatusOr<std::shared_ptr<RunFile>> SqliteRunFiles::Open(const std::string& run) {
  SUMSCOPE_RETURN_IF_ERROR(ValidateRunId(run));
  if (std::shared_ptr<RunFile> found = Find(run)) return found;
  SUMSCOPE_ASSIGN_OR_RETURN(std::shared_ptr<RunFile> file, OpenInTurn(run));
  CloseOldest();
  return file;
}

bool SqliteRunFiles::Exists(const std::string& run) {
  if (!ValidateRunId(run).ok()) return false;
  return Find(run) != nullptr || (!in_memory() && FileExists(PathOf(run)));
}

absl::Status SqliteRunFiles::RemoveInTurn(const std::string& run) {
  const Turn turn(this, run);
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
  for (const char* suffix : {"-wal", "-shm", "-journal", ""}) SUMSCOPE_RETURN_IF_ERROR(RemoveFile(path + suffix));
  return FileExists(DirectoryOf(path)) ? FsyncDirectory(DirectoryOf(path)) : absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> SqliteRunFiles::ListUnsealed() {
  std::vector<std::string> runs;
  if (in_memory()) return runs;
  SUMSCOPE_ASSIGN_OR_RETURN(const std::vector<std::string> files, ListFilesOfRuns(directory_));
  for (const std::string& path : files) {
    absl::string_view name = absl::string_view(path).substr(path.rfind('/') + 1);
    if (absl::ConsumeSuffix(&name, ".db-wal") && ValidateRunId(name).ok()) runs.emplace_back(name);
  }
  return runs;
}

absl::Status SqliteRunFiles::RemoveUnfinished() {
  SUMSCOPE_ASSIGN_OR_RETURN(const std::vector<std::string> files, ListFilesOfRuns(directory_));
  for (const std::string& path : files) {
    for (const char* ending : {".db.new", ".db.new-journal"}) {
      if (absl::EndsWith(path, ending)) SUMSCOPE_RETURN_IF_ERROR(RemoveFile(path));
    }
  }
  return absl::OkStatus();
}

absl::Status SqliteRunFiles::Remove(const std::string& run) {
  SUMSCOPE_RETURN_IF_ERROR(ValidateRunId(run));
  return RemoveInTurn(run);
}

}  // namespace sumscope::storage

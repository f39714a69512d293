#include "storage/sqlite/sqlite_storage.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/errors/status_macros.h"
#include "storage/sqlite/base/guard.h"
#include "storage/sqlite/capture_file/memory_capture_files.h"
#include "storage/sqlite/capture_file/sqlite_capture_files.h"
#include "storage/sqlite/catalog/sqlite_catalog.h"
#include "storage/sqlite/files/files.h"
#include "storage/sqlite/question_sets/question_set_texts.h"
#include "storage/sqlite/run_file/sqlite_run_files.h"

namespace sumscope::storage {
namespace {

template <typename Captures>
void SetFiles(const std::string& directory, Env* env, std::unique_ptr<Captures> captures, Storage* storage) {
  storage->run_files = std::make_unique<SqliteRunFiles>(
      directory, env, [files = captures.get()](const std::string& run) { return files->RemoveAll(run); });
  storage->captures = std::move(captures);
}

// An empty catalog beside run files is no fresh start: it was lost.
absl::Status CheckNotLost(Env* env, const std::string& directory, const FileIdentity& catalog) {
  SUMSCOPE_RETURN_IF_ERROR(CheckRegular(catalog));
  if (FileLength(catalog.path) > 0) return absl::OkStatus();
  SUMSCOPE_ASSIGN_OR_RETURN(const FilesOfRuns files, ListFilesOfRuns(env, directory));
  const auto runs = std::count_if(files.paths.begin(), files.paths.end(),
                                  [](const std::string& path) { return absl::EndsWith(path, ".db"); });
  if (runs == 0 && !files.unread.empty()) return files.unread.front();  // what lies there nobody knows
  if (runs == 0) return absl::OkStatus();
  return CorruptFile(catalog, absl::StrCat(FileExists(catalog.path).value_or(true) ? "it is empty" : "it is not there",
                                           ", though ", runs, " files of runs lie beside it in ", directory,
                                           "/runs: to begin anew, move them away"));
}

// What writers that died left of run files and captures. Before anybody writes one.
absl::StatusOr<std::vector<std::string>> RemoveUnfinished(Env* env, const std::string& directory) {
  SUMSCOPE_ASSIGN_OR_RETURN(const FilesOfRuns files, ListFilesOfRuns(env, directory));
  std::vector<std::string> notes;
  for (const absl::Status& status : files.unread) notes.push_back(LeftAlone(status));
  for (const std::string& path : files.paths) {
    if (!SqliteRunFiles::IsUnfinished(path) && !SqliteCaptureFiles::IsUnfinished(path)) continue;
    if (const absl::Status removed = env->RemoveFile(path); !removed.ok()) notes.push_back(LeftAlone(removed));
  }
  return notes;
}

}  // namespace

absl::StatusOr<Storage> OpenSqliteStorage(const std::string& directory, Catalog::LegalTransition legal, Clock* clock,
                                          Env* env) {
  SUMSCOPE_RETURN_IF_ERROR(env->MakeDirectory(directory));
  SUMSCOPE_RETURN_IF_ERROR(env->MakeDirectory(directory + "/runs"));
  Storage storage;
  const FileIdentity catalog{directory + "/catalog.db", FileKind::kCatalog};
  SUMSCOPE_RETURN_IF_ERROR(CheckNotLost(env, directory, catalog));
  SUMSCOPE_ASSIGN_OR_RETURN(storage.catalog, SqliteCatalog::Open(catalog.path, std::move(legal), clock, env));
  SUMSCOPE_ASSIGN_OR_RETURN(storage.notes, RemoveUnfinished(env, directory));
  SetFiles(directory, env, std::make_unique<SqliteCaptureFiles>(directory, env), &storage);
  SUMSCOPE_ASSIGN_OR_RETURN(storage.question_set_texts,
                            FileQuestionSetTexts::Open(directory + "/question_sets", env, &storage.notes));
  return storage;
}

absl::StatusOr<Storage> OpenInMemoryStorage(Catalog::LegalTransition legal, Clock* clock) {
  Storage storage;
  SUMSCOPE_ASSIGN_OR_RETURN(storage.catalog, SqliteCatalog::Open("", std::move(legal), clock, Env::Real()));
  SetFiles("", Env::Real(), std::make_unique<MemoryCaptureFiles>(), &storage);
  storage.question_set_texts = std::make_unique<MemoryQuestionSetTexts>();
  return storage;
}

}  // namespace sumscope::storage

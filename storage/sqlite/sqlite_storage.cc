#include "storage/sqlite/sqlite_storage.h"

#include <utility>

#include "proto/contract/base/status_macros.h"
#include "storage/sqlite/base/files.h"
#include "storage/sqlite/capture_file/memory_capture_files.h"
#include "storage/sqlite/capture_file/sqlite_capture_files.h"
#include "storage/sqlite/catalog/sqlite_catalog.h"
#include "storage/sqlite/question_sets/question_set_texts.h"
#include "storage/sqlite/run_file/sqlite_run_files.h"

namespace sumscope::storage {
namespace {

template <typename Captures>
void SetFiles(const std::string& directory, std::unique_ptr<Captures> captures, Storage* storage) {
  storage->run_files = std::make_unique<SqliteRunFiles>(
      directory, [files = captures.get()](const std::string& run) { return files->RemoveAll(run); });
  storage->captures = std::move(captures);
}

}  // namespace

absl::StatusOr<Storage> OpenSqliteStorage(const std::string& directory, Catalog::LegalTransition legal, Clock* clock) {
  SUMSCOPE_RETURN_IF_ERROR(MakeDirectory(directory));
  SUMSCOPE_RETURN_IF_ERROR(MakeDirectory(directory + "/runs"));
  Storage storage;
  SUMSCOPE_ASSIGN_OR_RETURN(storage.catalog, SqliteCatalog::Open(directory + "/catalog.db", std::move(legal), clock));
  auto captures = std::make_unique<SqliteCaptureFiles>(directory);
  SUMSCOPE_RETURN_IF_ERROR(captures->RemoveUnfinished());
  SetFiles(directory, std::move(captures), &storage);
  SUMSCOPE_ASSIGN_OR_RETURN(storage.question_set_texts, FileQuestionSetTexts::Open(directory + "/question_sets"));
  return storage;
}

absl::StatusOr<Storage> OpenInMemoryStorage(Catalog::LegalTransition legal, Clock* clock) {
  Storage storage;
  SUMSCOPE_ASSIGN_OR_RETURN(storage.catalog, SqliteCatalog::Open("", std::move(legal), clock));
  SetFiles("", std::make_unique<MemoryCaptureFiles>(), &storage);
  storage.question_set_texts = std::make_unique<MemoryQuestionSetTexts>();
  return storage;
}

}  // namespace sumscope::storage

#ifndef SUMSCOPE_STORAGE_SQLITE_SQLITE_STORAGE_H_
#define SUMSCOPE_STORAGE_SQLITE_SQLITE_STORAGE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/contract/base/clock.h"
#include "storage/capture_file.h"
#include "storage/catalog/catalog.h"
#include "storage/question_sets.h"
#include "storage/run_file.h"
#include "storage/sqlite/files/env.h"

namespace sumscope::storage {

struct Storage {
  std::unique_ptr<Catalog> catalog;
  std::unique_ptr<RunFiles> run_files;  // removing a run removes its captures: not used without them
  std::unique_ptr<CaptureFiles> captures;
  std::unique_ptr<QuestionSetTexts> question_set_texts;
  std::vector<std::string> notes;  // what opening it could not list or remove and left alone, for people
};

// <directory>/catalog.db, runs/ and question_sets/. Opens the catalog only, whatever the number of runs, and removes
// what interrupted writers of run files, captures and question sets left. `clock` and `env` outlive it.
// CATALOG_CORRUPT, also when the catalog is empty or not there and run files are; DATA_DIRECTORY_NOT_WRITABLE,
// DISK_FULL, SCHEMA_NEWER.
absl::StatusOr<Storage> OpenSqliteStorage(const std::string& directory, Catalog::LegalTransition legal, Clock* clock,
                                          Env* env = Env::Real());

// The test double: the same code on databases in memory.
absl::StatusOr<Storage> OpenInMemoryStorage(Catalog::LegalTransition legal, Clock* clock);

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_SQLITE_STORAGE_H_

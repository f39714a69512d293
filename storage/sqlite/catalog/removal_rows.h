#ifndef SUMSCOPE_STORAGE_SQLITE_CATALOG_REMOVAL_ROWS_H_
#define SUMSCOPE_STORAGE_SQLITE_CATALOG_REMOVAL_ROWS_H_

#include <vector>

#include "absl/time/time.h"
#include "storage/catalog.h"
#include "storage/sqlite/base/connection.h"

// The catalog's table of removals, and what makes one. Everything throws SQLite::Exception: use inside Guard.
namespace sumscope::storage {

std::vector<Removal> ReadRemovals(Connection& connection);
void InsertRemoval(Connection& connection, const Removal& removal);
void DeleteRemoval(Connection& connection, const Removal& removal);

// Rows and their removals in one go.
void DeleteRun(Connection& connection, const std::string& run);
void DeleteAnalysis(Connection& connection, const std::string& run, const std::string& analysis);
void DeleteUnnamedQuestionSets(Connection& connection, absl::Time uploaded_before);

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_CATALOG_REMOVAL_ROWS_H_

#ifndef SUMSCOPE_STORAGE_SQLITE_CATALOG_ROWS_SEEN_RUNS_H_
#define SUMSCOPE_STORAGE_SQLITE_CATALOG_ROWS_SEEN_RUNS_H_

#include <string>

#include "absl/strings/string_view.h"
#include "storage/catalog/viewer.h"
#include "storage/sqlite/base/query.h"

namespace sumscope::storage {

// The one place that says which runs a viewer sees: those that are LAB, and their own. Each of the texts is a condition
// that ends a WHERE, empty for who sees everything; BindViewer binds what it asks for.

// Of a row of `runs`: " AND (..)". It chooses no index: what is asked for and its order do.
std::string AndIsSeen(const Viewer& viewer);
// Of a row whose column `run`, as "jobs.run", names a run: " AND EXISTS (..)".
std::string AndRunIsSeen(const Viewer& viewer, absl::string_view run);
// Of a row of `sweeps`, by its own owner and visibility, which follow the same rule.
std::string AndSweepIsSeen(const Viewer& viewer);
void BindViewer(Query& query, const Viewer& viewer);

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_CATALOG_ROWS_SEEN_RUNS_H_

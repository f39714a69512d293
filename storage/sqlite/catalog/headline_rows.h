#ifndef SUMSCOPE_STORAGE_SQLITE_CATALOG_HEADLINE_ROWS_H_
#define SUMSCOPE_STORAGE_SQLITE_CATALOG_HEADLINE_ROWS_H_

#include <cstdint>
#include <string>

#include "storage/catalog.h"
#include "storage/sqlite/base/connection.h"

namespace sumscope::storage {

// The table `headlines` and, taken from it, the figures in `runs`: of the run's last checkpoint alone. Everything here
// throws SQLite::Exception: use inside Guard.

// An empty headline is none.
void ReplaceHeadline(Connection& connection, const std::string& run, uint64_t step, const std::string& analysis,
                     const Headline& headline);
void DeleteHeadline(Connection& connection, const std::string& run, const std::string& analysis);
// To be called when the run has another last checkpoint and, of a row that names none, when it has SUCCEEDED or has
// other steps than it had then.
void FollowHeadlines(Connection& connection, const std::string& run);

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_CATALOG_HEADLINE_ROWS_H_

#ifndef SUMSCOPE_STORAGE_SQLITE_CATALOG_ROWS_JOB_ROW_H_
#define SUMSCOPE_STORAGE_SQLITE_CATALOG_ROWS_JOB_ROW_H_

#include "absl/strings/string_view.h"
#include "storage/catalog/jobs.h"
#include "storage/sqlite/base/query.h"

namespace sumscope::storage {

// A job as a row of `jobs`, its dependencies as rows of `job_dependencies`. Everything here throws SQLite::Exception:
// use inside Guard.

// The columns in the order of ReadJob; BindJob binds all but the first.
inline constexpr absl::string_view kJobColumns =
    "queue_position, id, run, analysis, create_time, owner, state, reason, detail, attempt, segment, slot, start_time, "
    "end_time, priority, quick, held_by, sweep, memory_bytes, expected_seconds, device_seconds, charged_until, "
    "expected_end_time";
inline constexpr int kJobColumnCount = 23;
// Those that stay as they were inserted.
inline constexpr absl::string_view kJobFixedColumns = "id, run, analysis, create_time, owner";
// Those that an update changes, in the order of BindJobChange.
inline constexpr absl::string_view kJobChangedColumns =
    "state, reason, detail, attempt, segment, slot, start_time, end_time, priority, quick, held_by, sweep, "
    "memory_bytes, expected_seconds, device_seconds, charged_until, expected_end_time";

// Of the current row, without its dependencies. STATE_UNSPECIFIED where the row names no state.
Job ReadJob(Query& query);
void BindJobChange(Query& query, const Job& job);

// Replaces what the job waits for.
void WriteDependencies(Connection& connection, const Job& job);

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_CATALOG_ROWS_JOB_ROW_H_

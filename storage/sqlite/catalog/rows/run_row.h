#ifndef SUMSCOPE_STORAGE_SQLITE_CATALOG_ROWS_RUN_ROW_H_
#define SUMSCOPE_STORAGE_SQLITE_CATALOG_ROWS_RUN_ROW_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/sqlite/base/query.h"
#include "sumscope/v1/runs.pb.h"

namespace sumscope::storage {

// A run as a row of `runs`, its labels as rows of `labels`. Everything here throws SQLite::Exception: use inside Guard.

// The columns in the order of BindRun, `id` first.
inline constexpr absl::string_view kRunColumns =
    "id, model_name, owner, state, state_reason, state_detail, imported, mixed_hardware, attempt, segment, job, "
    "steps_done, loss, heldout_loss, create_time, start_time, end_time, delete_time, spec";
inline constexpr int kRunColumnCount = 19;
// kRunColumns, then the columns that SqliteHeadlines keeps up to date, who may see it and its sweep, in the order of
// ReadRun.
inline constexpr absl::string_view kRunReadColumns =
    "id, model_name, owner, state, state_reason, state_detail, imported, mixed_hardware, attempt, segment, job, "
    "steps_done, loss, heldout_loss, create_time, start_time, end_time, delete_time, spec, accuracy, "
    "accuracy_questions, nines, reads_to, sure_to, look_back_exact, visibility, sweep";
inline constexpr int kRunReadColumnCount = 27;

void BindRun(Query& query, const std::string& id, const v1::Run& run, const std::string& spec_json);
// The current row with its labels. DATA_LOSS CATALOG_ROW_CORRUPT when it cannot be read.
absl::StatusOr<v1::Run> ReadRun(Connection& connection, Query& query);
// The same for a list, which shows a damaged row by name, time and damage, in no state.
v1::Run ReadListedRun(Connection& connection, Query& query);

void WriteLabels(Connection& connection, const std::string& id, const v1::Run& run);

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_CATALOG_ROWS_RUN_ROW_H_

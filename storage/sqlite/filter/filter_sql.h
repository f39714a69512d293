#ifndef SUMSCOPE_STORAGE_SQLITE_FILTER_FILTER_SQL_H_
#define SUMSCOPE_STORAGE_SQLITE_FILTER_FILTER_SQL_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/filter.h"
#include "storage/sqlite/base/query.h"
#include "storage/sqlite/filter/filter_fields.h"

namespace sumscope::storage {

// Fields of runs: those of proto/contract/results/run_list_fields.h.
// Of facts: task, tag, kind, value, node, position, layer, is_head, num, run.name, run.model_name, run.owner,
// run.labels.{key}, run.{every field of TrainSpec}.
// value orders those of its texts that are numbers against a number, and all texts against any other text.
// A time is RFC 3339 or a day of UTC, which means all of it: > 2026-11-22 is from the 23rd on.
// A comparison with an absent value is false, NOT of it true. Enum values by name or short name (ADD, plain, paper1),
// in any case. INVALID_ARGUMENT FILTER_INVALID with the column: unknown field (names the nearest), wrong type of value,
// an operator that the type does not have.
absl::StatusOr<SqlCondition> FilterToSql(const FilterNode& filter, const FilterWhitelist& known);

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_FILTER_FILTER_SQL_H_

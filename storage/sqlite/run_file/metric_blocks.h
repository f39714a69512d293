#ifndef SUMSCOPE_STORAGE_SQLITE_RUN_FILE_METRIC_BLOCKS_H_
#define SUMSCOPE_STORAGE_SQLITE_RUN_FILE_METRIC_BLOCKS_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/run_file.h"
#include "storage/sqlite/base/connection.h"

namespace sumscope::storage {

// Metrics as blocks of kStepsOfBlock consecutive steps, aligned to multiples of it; the last one is rewritten as steps
// come in. These throw SQLite::Exception: use inside Guard.
inline constexpr int64_t kStepsOfBlock = 1000;

// RunFileTransaction::AppendMetrics. *stored_steps is how many steps the series has, and is moved on.
absl::Status AppendMetricRows(Connection& connection, Series series, const v1::MetricBlock& block,
                              int64_t* stored_steps, std::optional<uint64_t>* diverged_step);

// RunFile::ReadMetrics. Stops early where the columns change. DATA_LOSS RUN_FILE_CORRUPT.
absl::StatusOr<v1::MetricBlock> ReadMetricRows(Connection& connection, Series series, int64_t stored_steps,
                                               uint64_t first_step, uint32_t max_rows);

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_RUN_FILE_METRIC_BLOCKS_H_

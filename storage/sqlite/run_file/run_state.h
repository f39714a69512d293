#ifndef SUMSCOPE_STORAGE_SQLITE_RUN_FILE_RUN_STATE_H_
#define SUMSCOPE_STORAGE_SQLITE_RUN_FILE_RUN_STATE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/run_file.h"
#include "storage/sqlite/base/connection.h"

namespace sumscope::storage {

// The one row of table `run`: the description, and how much of everything is stored, so that rows that vanished from a
// damaged file are noticed.
struct RunState {
  std::string description;  // sumscope.v1.Run in JSON
  int64_t deterministic_steps = 0;
  int64_t timing_steps = 0;
  int64_t log_entries = 0;
  int64_t tensor_sets = 0;
  int64_t analyses = 0;

  int64_t& steps(Series series) { return series == Series::kTiming ? timing_steps : deterministic_steps; }
};

// These throw SQLite::Exception: use inside Guard. DATA_LOSS RUN_FILE_CORRUPT when the row is missing or damaged.
absl::StatusOr<RunState> ReadRunState(Connection& connection);
// DATA_LOSS RUN_FILE_MISPLACED when the file is another run's: copied or linked over the one that was here.
absl::Status CheckIdentity(Connection& connection, const std::string& run);
void WriteRunState(Connection& connection, const RunState& state);

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_RUN_FILE_RUN_STATE_H_

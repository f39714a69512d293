#ifndef SUMSCOPE_SERVER_JOBS_TASKS_INSERT_SOURCE_H_
#define SUMSCOPE_SERVER_JOBS_TASKS_INSERT_SOURCE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/contract/names/resource_names.h"
#include "storage/run_file.h"

// Where a training with an insert mode takes weights from: spec.init_from.
namespace sumscope::jobs {

// "RUN" or "RUN@STEP"; "runs/" before it is allowed. INVALID_ARGUMENT INIT_FROM_INVALID.
absl::StatusOr<CheckpointRef> ParseInitFrom(const std::string& init_from);
// As a stored spec has it: "r7k2m9qa@15000".
std::string InitFromText(const std::string& run, uint64_t step);

// INVALID_ARGUMENT INIT_FROM_MISMATCH naming the first field in which the source does not fit into the model of `spec`.
absl::Status CheckSourceFits(const v1::TrainSpec& spec, const v1::TrainSpec& source);

// The heads (L0H1, in order) that the newest stored analysis of the checkpoint with a useful-node map found useful at
// any position. FAILED_PRECONDITION USEFUL_NODES_MISSING when there is no such analysis.
absl::StatusOr<std::vector<std::string>> UsefulHeads(storage::RunFile* file, const v1::TrainSpec& source,
                                                     const std::string& run, uint64_t step);

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_TASKS_INSERT_SOURCE_H_

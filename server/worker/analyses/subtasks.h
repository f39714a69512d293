#ifndef SUMSCOPE_SERVER_WORKER_ANALYSES_SUBTASKS_H_
#define SUMSCOPE_SERVER_WORKER_ANALYSES_SUBTASKS_H_

#include <vector>

#include "server/engine/probing/interventions/subtasks.h"
#include "server/worker/analyses/analyses.h"
#include "sumscope/v1/probes.pb.h"

// Messages of the sub-task search, which `algorithm` has too.
namespace sumscope::worker {

// `tasks` as in SubtasksRequest: empty for every task of `operations`, those of the questions.
absl::StatusOr<engine::SubtasksRequest> SubtasksRequestOf(const AnalysisInput& input,
                                                          const std::vector<engine::Operation>& operations,
                                                          const google::protobuf::RepeatedPtrField<std::string>& tasks,
                                                          sumscope::v1::AblationMode mode, uint64_t seed);
sumscope::v1::SubtasksResult FromEngine(const engine::SubtasksResult& result);

}  // namespace sumscope::worker

#endif  // SUMSCOPE_SERVER_WORKER_ANALYSES_SUBTASKS_H_

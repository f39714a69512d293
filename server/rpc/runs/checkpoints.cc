#include "server/rpc/runs/checkpoints.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/names/states.h"

namespace sumscope::rpc {

absl::StatusOr<storage::TensorSet> FindCheckpoint(const v1::Run& run, storage::RunFile* file,
                                                  std::optional<uint64_t> step) {
  std::vector<storage::TensorSet> sets;
  if (file != nullptr) {
    SUMSCOPE_ASSIGN_OR_RETURN(sets, file->ListTensorSets(storage::TensorSetKind::kWeights));
  }
  if (sets.empty()) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "RUN_HAS_NO_CHECKPOINT",
                     absl::StrCat(run.name(), " has stored no weights yet (state ", v1::State_Name(run.state()), ")"));
  }
  if (!step.has_value()) {
    if (!IsTerminal(run.state())) {
      return MakeError(absl::StatusCode::kFailedPrecondition, "RUN_UNFINISHED",
                       absl::StrCat(run.name(), " is ", v1::State_Name(run.state()),
                                    ": its last weights are not there yet; wait for its end, or name a step, such as @",
                                    sets.back().step));
    }
    return sets.back();
  }
  for (const storage::TensorSet& set : sets) {
    if (set.step == *step) return set;
  }
  const std::string steps = absl::StrJoin(
      sets, ", ", [](std::string* out, const storage::TensorSet& set) { absl::StrAppend(out, set.step); });
  return MakeError(absl::StatusCode::kNotFound, "CHECKPOINT_NOT_FOUND",
                   absl::StrCat(run.name(), " has no weights of step ", *step, "; it has those of ", steps));
}

}  // namespace sumscope::rpc

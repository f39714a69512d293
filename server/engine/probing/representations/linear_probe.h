#ifndef SUMSCOPE_SERVER_ENGINE_PROBING_REPRESENTATIONS_LINEAR_PROBE_H_
#define SUMSCOPE_SERVER_ENGINE_PROBING_REPRESENTATIONS_LINEAR_PROBE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/engine/data/generator.h"
#include "server/engine/model/node.h"
#include "server/engine/model/transformer.h"
#include "server/engine/probing/arithmetic/features.h"
#include "server/engine/probing/progress.h"
#include "server/engine/probing/statistics/logistic.h"

namespace sumscope::engine {

struct LinearProbeRequest {
  std::optional<Node> node;  // with a position; or:
  std::string hook;          // a hook and a position. Heads are flattened; of hook_attn_scores and hook_pattern the
  int64_t position = -1;     // position is the query and the keys are those up to it
  Feature feature;
  double held_out = 0.2;
  double l2 = 1e-3;
  uint64_t seed = 0;
};

struct ProbeLabel {
  std::string label;
  uint32_t count = 0;
};
struct LinearProbeResult {
  std::vector<ProbeLabel> labels;  // those present, over training and held-out questions
  uint32_t trained_on = 0;
  ProbeScore held_out;  // questions that training never saw
  ProbeScore train;
  ProbeScore shuffled;  // held-out accuracy after training on shuffled labels: chance
  double majority = 0;  // share of the most frequent label in the held-out questions
  uint32_t iterations = 0;
};

// Analysis 7 of science.md section 6. Questions to which the feature does not apply, and repeated ones, are left out,
// so that no held-out question is in the training set. Throws kInvalidArgument: BAD_NODE, UNKNOWN_HOOK, BAD_POSITION
// (none, or outside the line), BAD_DIGIT (column), RESULT_TOO_LARGE (2 GiB of activations), and what FitLinearProbe
// throws; kCancelled.
LinearProbeResult LinearProbe(const Model& model, const QuestionSource& questions, const LinearProbeRequest& request,
                              const ProgressFn& progress = nullptr);

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_PROBING_REPRESENTATIONS_LINEAR_PROBE_H_

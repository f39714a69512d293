#ifndef SUMSCOPE_SERVER_ENGINE_PROBING_INTERVENTIONS_ASK_H_
#define SUMSCOPE_SERVER_ENGINE_PROBING_INTERVENTIONS_ASK_H_

#include <optional>
#include <string>
#include <vector>

#include "server/engine/probing/interventions/ablation.h"
#include "server/engine/spec/question.h"

namespace sumscope::engine {

struct AskRequest {
  Question question;
  NodeSet ablate;  // all together
  AblationMode mode = AblationMode::kMean;
  uint64_t seed = 0;
  std::optional<Question> patch_from;
  NodeSet patch_nodes;
  bool generate = false;
};
struct AskedToken {
  std::string digit, truth, predicted;
  double p_truth = 0, p_predicted = 0;
};
struct AskedAnswer {
  std::string predicted;  // teacher-forced
  bool right = false;
  double loss = 0;
  std::vector<AskedToken> tokens;  // per answer token
};
struct AskResult {
  AskedAnswer plain;
  std::optional<AskedAnswer> intervened;
  std::string generated, generated_intervened;  // empty unless asked for
  double moved_l2 = 0;
};

inline constexpr uint64_t kAskReferenceQuestions = 1000;

// One question, answered with and without an intervention. Mean ablation takes the mean over 1,000 uniform questions of
// the same operation, resampling the value in one of them. Throws kInvalidArgument (what the question, CheckedWeights
// throw).
AskResult Ask(const Model& model, const AskRequest& request);

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_PROBING_INTERVENTIONS_ASK_H_

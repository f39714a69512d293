#ifndef SUMSCOPE_SERVER_ENGINE_PROBING_INTERVENTIONS_PATCH_H_
#define SUMSCOPE_SERVER_ENGINE_PROBING_INTERVENTIONS_PATCH_H_

#include <string>
#include <vector>

#include "server/engine/data/encoding.h"
#include "server/engine/model/node.h"
#include "server/engine/model/transformer.h"
#include "server/engine/probing/arithmetic/task_pairs.h"
#include "server/engine/probing/evaluation/evaluate.h"
#include "server/engine/probing/forward/restart_forward.h"
#include "server/engine/probing/progress.h"

namespace sumscope::engine {

struct PatchRequest {
  std::vector<StoreCleanPair> pairs;
  std::vector<NodeSet> node_sets;
};
// What one pair answers with one node set patched.
struct Patched {
  std::string predicted;
  std::string impact;  // answer digits that differ from the clean question's true answer: A43; A43S: the sign too
  std::vector<int> strong_for;  // digits whose expected answer `predicted` begins with
  double l2 = 0;                // distance that the nodes' activations moved, all nodes together
  double loss = 0;              // nats per token of the clean answer
  double margin = 0;  // smallest difference of the two largest logits over the answer rows; NaN where one is none
};
struct PatchedPair {
  std::string store_true, clean_true, store_predicted, clean_predicted;  // predictions unpatched
  bool testable = false;                                                 // the clean question is right unpatched
  std::vector<Patched> results;                                          // in the order of node_sets
};
struct PatchResult {
  std::vector<PatchedPair> pairs;  // in the order of the request's
  bool by_tables = false;          // the answers are those of tables (intervener/table_intervener.h)
  uint64_t rechecked = 0;          // rows of answers that the forward pass computed anew, because tables left doubt
};

// Analysis 4 of science.md section 6: interchange interventions. Both lines are teacher-forced with their own true
// answers; the nodes' activations in the store's run are written into the clean one's, and what lies downstream is
// computed again, by tables where the model has them (kFastest) or by the forward pass. Throws what CheckedWeights and
// the questions throw, kCancelled.
PatchResult Patch(const Model& model, const PatchRequest& request, const ProgressFn& progress = nullptr,
                  AnswerBy by = AnswerBy::kFastest);
// The same on a model made ready once, for many small requests: by the forward pass.
PatchResult Patch(const RestartForward& forward, const PatchRequest& request, const ProgressFn& progress = nullptr);

// Every head at every position from the operator to the last answer row, and with `head_pairs` every pair of heads of
// one layer: by layer, then position, single heads first.
std::vector<NodeSet> EveryHead(const ModelConfig& config, const Encoding& encoding, bool head_pairs);

// Digits in which two answers of the encoding differ, A43; a different sign appends S. "" when they are the same.
std::string ImpactText(const Encoding& encoding, const std::string& predicted, const std::string& truth);

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_PROBING_INTERVENTIONS_PATCH_H_

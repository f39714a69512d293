#ifndef SUMSCOPE_SERVER_ENGINE_PROBING_INTERVENTIONS_ABLATION_H_
#define SUMSCOPE_SERVER_ENGINE_PROBING_INTERVENTIONS_ABLATION_H_

#include <cstdint>
#include <string>
#include <vector>

#include "server/engine/data/classes.h"
#include "server/engine/data/generator.h"
#include "server/engine/model/node.h"
#include "server/engine/model/transformer.h"
#include "server/engine/probing/evaluation/evaluate.h"
#include "server/engine/probing/progress.h"

namespace sumscope::engine {

// What a node is replaced by: its mean over the analysis's own questions at that same layer, node and position; zeros;
// or its value in another question of the set, by a seeded permutation that leaves no question with its own.
enum class AblationMode { kMean, kZero, kResample };

struct AblationRequest {
  std::vector<NodeSet> node_sets;  // each is ablated on its own
  AblationMode mode = AblationMode::kMean;
  uint64_t seed = 0;  // of the permutation
};

struct AblationBaseline {
  uint64_t questions = 0, right = 0, near_ties = 0;
  std::vector<uint64_t> failed_digits;  // wrong tokens, per answer token
  double loss = 0;                      // nats per answer token
};
struct ClassHits {
  QuestionClass question_class;
  uint64_t right = 0, failed = 0;  // right without ablation, and of these failed with it
};
struct OperationHits {
  Operation operation;
  uint64_t right = 0, failed = 0;
};
struct Ablated {
  NodeSet nodes;
  uint64_t failed = 0;                           // questions not right
  std::vector<uint64_t> failed_digits;           // per answer token
  uint64_t failed_of_right = 0;                  // among those that are right without ablation
  std::vector<uint64_t> failed_digits_of_right;  // per answer token
  std::vector<bool> changed_digits;              // per answer token: wrong in any of those
  std::vector<double> digit_loss;                // per answer token, nats
  double loss = 0;                               // their mean
  uint64_t near_ties = 0;
  double moved_l2 = 0;                    // mean over the questions of the distance that the activation moved
  std::vector<ClassHits> classes;         // those with a failure
  std::vector<OperationHits> operations;  // those present

  // floor(100 * failed_of_right / right).
  int FailPercent(uint64_t right) const { return right == 0 ? 0 : static_cast<int>(100 * failed_of_right / right); }
};
struct AblationResult {
  AblationBaseline unablated;
  std::vector<Ablated> results;  // in the order of node_sets
  bool by_tables = false;        // the answers are those of tables (intervener/table_intervener.h)
  uint64_t rechecked = 0;        // rows of answers that the forward pass computed anew, because tables left doubt
};

// Analysis 3 of science.md section 6, teacher-forced. Recomputes only what lies downstream of the nodes, by tables
// where the model has them (kFastest) or by the forward pass. Throws kInvalidArgument (what CheckedWeights and the
// questions throw), kCancelled.
AblationResult Ablate(const Model& model, const QuestionSource& questions, const AblationRequest& request,
                      const ProgressFn& progress = nullptr, AnswerBy by = AnswerBy::kFastest);

// Every head and every MLP at every position but the last, which nothing reads: by layer, then position, heads before
// the MLP. Ablated one at a time they make the useful-node map.
std::vector<NodeSet> EveryNode(const ModelConfig& config);

// "A43": of the answer tokens for which `hit` is true, the sign as A{n+1}, with '.' between digits when n >= 9; "" for
// none.
std::string DigitsText(const Encoding& encoding, const std::vector<bool>& hit);

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_PROBING_INTERVENTIONS_ABLATION_H_

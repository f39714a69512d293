#ifndef SUMSCOPE_SERVER_ENGINE_PROBING_REPRESENTATIONS_PCA_H_
#define SUMSCOPE_SERVER_ENGINE_PROBING_REPRESENTATIONS_PCA_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/engine/data/generator.h"
#include "server/engine/model/node.h"
#include "server/engine/model/transformer.h"
#include "server/engine/probing/interventions/node_tags.h"
#include "server/engine/probing/progress.h"

namespace sumscope::engine {

struct PcaRequest {
  std::vector<Node> nodes;  // heads with a position; empty: every head from the operator to the last answer row
  uint32_t digit = 0;       // whose tri-case labels the questions
  uint32_t components = 3;  // 1..10
  bool with_scores = false;
  uint64_t seed = 0;  // of k-means
};

struct PcaScores {
  std::string label;
  std::vector<float> values;  // [components]
};
// evr is empty and the optional values are absent where the total variance is below 1e-8, and where a value is
// undefined (a single label).
struct PcaNode {
  Node node;
  double total_variance = 0;                 // divisor N-1
  std::vector<double> evr;                   // [components], at most min(N, d_head)
  std::optional<double> label_silhouette;    // of the true labels on the first two scores, unscaled
  std::optional<double> label_ch;            // Calinski-Harabasz, same
  std::optional<double> cluster_silhouette;  // of k-means on the first two scores, standardised
  std::optional<double> cluster_ch;
  std::optional<double> cluster_agreement;  // share of questions whose cluster's majority label is theirs
  std::optional<uint32_t> cluster_k;        // 2 or 3, whichever has the better silhouette
  bool passes = false;                      // the published thresholds: no evidence of use
  std::vector<PcaScores> scores;            // with_scores, in the order of the questions
};
struct PcaResult {
  uint32_t digit = 0;
  std::vector<std::string> labels;  // 8, 9, 10; -1, 0, 1
  std::vector<uint32_t> counts;     // questions of each
  std::vector<NodeTag> tags;        // PCA:A2 of the nodes that pass
  std::vector<PcaNode> nodes;       // as asked; by layer, position and head when none were named
};

inline constexpr uint64_t kMaxPcaQuestions = 3000;  // a silhouette costs their square
inline constexpr size_t kMaxPcaNodesWithScores = 10;
inline constexpr uint32_t kMaxPcaComponents = 10;

// Analysis 6 of science.md section 6: principal components of attn.hook_z, centred over the questions, in float64.
// Activations of all nodes come from one pass. Throws kInvalidArgument: BAD_NODE (also a node that is no head with a
// position), BAD_DIGIT, BAD_COMPONENTS, TOO_MANY_NODES, TOO_FEW_QUESTIONS (below 4), TOO_MANY_QUESTIONS,
// MIXED_OPERATIONS, TASK_NOT_APPLICABLE (products), RESULT_TOO_LARGE (2 GiB of activations); kCancelled.
PcaResult Pca(const Model& model, const QuestionSource& questions, const PcaRequest& request,
              const ProgressFn& progress = nullptr);

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_PROBING_REPRESENTATIONS_PCA_H_

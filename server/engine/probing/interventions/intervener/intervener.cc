#include "server/engine/probing/interventions/intervener/intervener.h"

#include <algorithm>
#include <utility>

#include "server/engine/probing/interventions/intervener/forward_intervener.h"
#include "server/engine/probing/interventions/intervener/table_intervener.h"

namespace sumscope::engine {
namespace {

// Whether rows of the forward pass would take longer than the tables' own.
bool TablesPay(const ModelConfig& config, size_t node_sets, uint64_t questions) {
  const auto n_ctx = static_cast<double>(config.n_ctx);
  const double table_rows = static_cast<double>((1 + config.n_heads) * config.d_vocab) * n_ctx;
  return static_cast<double>(questions) * (n_ctx + static_cast<double>(node_sets)) >= table_rows;
}

// Some questions and, as their donors, the same in another order.
bool IsClose(const QuestionSource& questions, NodeValue value, TableIntervener* intervener) {
  const uint64_t count = std::min<uint64_t>(questions.count(), static_cast<uint64_t>(intervener->compared()));
  Questions some;
  questions.Fill(0, count, &some);
  const torch::Tensor tokens = intervener->encoding().Encode(some);
  const torch::Tensor donors = value == NodeValue::kDonor ? tokens.roll(1, 0).contiguous() : torch::Tensor();
  return intervener->Compare(tokens, donors) <= TableIntervener::kMaxDifference;
}

}  // namespace

std::unique_ptr<Intervener> MakeIntervener(const Model& model, std::vector<NodeSet> node_sets, NodeValue value,
                                           bool donors_answer, const QuestionSource& questions, AnswerBy by,
                                           const ProgressFn& progress) {
  if (by != AnswerBy::kForwardPass && TableIntervener::Fits(model) &&
      TablesPay(model.config, node_sets.size(), questions.count())) {
    auto intervener = std::make_unique<TableIntervener>(model, node_sets, value, donors_answer);
    if (value == NodeValue::kMean) intervener->TakeMeans(questions, progress);
    if (IsClose(questions, value, intervener.get())) return intervener;
  }
  auto intervener = std::make_unique<ForwardIntervener>(model, std::move(node_sets), value);
  if (value == NodeValue::kMean) intervener->TakeMeans(questions, progress);
  return intervener;
}

}  // namespace sumscope::engine

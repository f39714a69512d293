#include "proto/contract/models/model_cost.h"

#include "proto/contract/models/complete_spec.h"
#include "proto/contract/models/model_shapes.h"
#include "proto/contract/models/node_names.h"

namespace sumscope {
namespace {

constexpr double kKeyShare = 1.0 / 6;  // of a layer: keys and values alone

}  // namespace

ModelCost CostOf(const v1::TrainSpec& spec) {
  ModelCost cost = {};
  for (const SafetensorsTensor& tensor : ModelTensors(spec)) {
    uint64_t elements = 1;
    for (const uint64_t extent : tensor.shape) elements *= extent;
    cost.parameters += elements;
  }
  cost.element_bytes = spec.precision() == v1::FLOAT64 ? 8 : 4;
  cost.rows = 2 * spec.n_digits() + 2 + AnswerTokenNames(spec).size();
  cost.row_activation = spec.n_layers() * (8ull * spec.d_model() + 4ull * spec.n_heads() * spec.d_head() +
                                           2ull * spec.d_mlp() + 2ull * spec.n_heads() * cost.rows);
  return cost;
}

double AnswerShare(const v1::TrainSpec& spec) {
  const double layers = spec.n_layers(), all = ContextLength(spec) - 1.0;
  const double last = kKeyShare + (1 - kKeyShare) * static_cast<double>(AnswerTokenNames(spec).size()) / all;
  return (layers - 1 + last) / layers;
}

double FlopsOfStep(const v1::TrainSpec& spec) {
  const ModelCost cost = CostOf(spec);
  const auto rows = static_cast<double>(cost.rows), answer_rows = static_cast<double>(AnswerTokenNames(spec).size());
  const double share = (spec.n_layers() - 1 + answer_rows / rows) / spec.n_layers();
  return 6.0 * static_cast<double>(cost.parameters) * rows * share * spec.batch_size();
}

double FlopsOfPasses(const v1::TrainSpec& spec, double passes) {
  const ModelCost cost = CostOf(spec);
  return 2.0 * static_cast<double>(cost.parameters) * static_cast<double>(cost.rows) * passes;
}

double FlopsOfAnswers(const v1::TrainSpec& spec, double questions) {
  return FlopsOfPasses(spec, AnswerShare(spec) * questions);
}

}  // namespace sumscope

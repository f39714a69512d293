#include "proto/contract/models/model_cost.h"

#include "proto/contract/models/complete_spec.h"
#include "proto/contract/models/model_shapes.h"
#include "proto/contract/models/node_names.h"

namespace sumscope {
namespace {

constexpr double kKeyShare = 1.0 / 6;         // of a layer: keys and values alone
constexpr double kActivationShare = 1.0 / 5;  // of a pattern's value: what passes over an activation take (seen)

double AnswerRows(const v1::TrainSpec& spec) { return static_cast<double>(AnswerTokenNames(spec).size()); }

// Values of the patterns behind one answer, the first layer's over so many (position, token) pairs a row.
double AnswerPatterns(const v1::TrainSpec& spec, double pairs_per_row) {
  const double layers = spec.n_layers(), rows = ContextLength(spec) - 1.0, answer_rows = AnswerRows(spec);
  const double first_layer = (layers == 1 ? answer_rows : rows) * rows * pairs_per_row;
  const double later = layers == 1 ? 0 : ((layers - 2) * rows + answer_rows) * rows;
  return spec.n_heads() * (first_layer + later);
}

// Passes over the activations behind one answer, of the last layer at the answer rows alone, as values of patterns.
double AnswerActivations(const v1::TrainSpec& spec, const ModelCost& cost) {
  const double layers = spec.n_layers(), rows = static_cast<double>(cost.rows);
  return kActivationShare * static_cast<double>(cost.row_activation) / layers *
         ((layers - 1) * rows + AnswerRows(spec));
}

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

double AnswerLogits(const v1::TrainSpec& spec) { return AnswerRows(spec) * static_cast<double>(VocabularySize(spec)); }

Work WorkOfStep(const v1::TrainSpec& spec) {
  constexpr double kPairsPerRow = 10, kForwardAndBackward = 3;
  const ModelCost cost = CostOf(spec);
  const double rows = static_cast<double>(cost.rows), layers = spec.n_layers();
  const double share = (layers - 1 + AnswerRows(spec) / rows) / layers;
  const Work question = {2.0 * static_cast<double>(cost.parameters) * rows * share,
                         AnswerPatterns(spec, kPairsPerRow) + AnswerActivations(spec, cost) + AnswerLogits(spec)};
  return kForwardAndBackward * spec.batch_size() * question;
}

Work WorkOfPass(const v1::TrainSpec& spec) {
  const ModelCost cost = CostOf(spec);
  const auto rows = static_cast<double>(cost.rows);
  return {2.0 * static_cast<double>(cost.parameters) * rows,
          spec.n_layers() * spec.n_heads() * rows * rows + AnswerLogits(spec)};
}

Work WorkOfAnswer(const v1::TrainSpec& spec) {
  const double layers = spec.n_layers(), rows = ContextLength(spec) - 1.0;
  const double last = kKeyShare + (1 - kKeyShare) * AnswerRows(spec) / rows;
  return {WorkOfPass(spec).flops * (layers - 1 + last) / layers,
          AnswerPatterns(spec, static_cast<double>(VocabularySize(spec))) + AnswerActivations(spec, CostOf(spec)) +
              AnswerLogits(spec)};
}

uint64_t CheckpointsBetween(uint64_t from, uint64_t to, uint64_t steps) {
  const auto counts = [&](uint64_t step) { return from < step && step <= to; };
  uint64_t count = from == 0 ? 1 : 0;
  for (uint64_t decade = 1; decade < steps; decade *= 10) {
    for (const uint64_t factor : {1, 2, 5}) count += factor * decade < steps && counts(factor * decade) ? 1 : 0;
  }
  return count + (steps > 0 && counts(steps) ? 1 : 0);
}

}  // namespace sumscope

#ifndef SUMSCOPE_TESTS_SERVER_ENGINE_TRAINING_REFERENCE_GRADIENTS_H_
#define SUMSCOPE_TESTS_SERVER_ENGINE_TRAINING_REFERENCE_GRADIENTS_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "server/engine/model/transformer.h"
#include "server/engine/runtime/torch.h"

namespace sumscope::engine {

// A model of 1-4 layers and 1-6 heads, whose heads need not fill d_model, with its data.
inline TrainSpec RandomSpec(std::mt19937* random, bool is_double, int batch) {
  const auto draw = [&](int from, int to) { return std::uniform_int_distribution<int>(from, to)(*random); };
  TrainSpec spec;
  spec.n_digits = draw(2, 12);
  spec.n_layers = draw(1, 4);
  spec.n_heads = draw(1, 6);
  spec.d_model = draw(9, 70);
  spec.d_head = draw(3, 37);
  spec.d_mlp = draw(16, 90);
  spec.batch_size = batch;
  spec.format = draw(0, 2) == 0 ? Format::kPlain : Format::kSigned;
  const TrainOperation operations[] = {TrainOperation::kAdd, TrainOperation::kSub, TrainOperation::kMul,
                                       TrainOperation::kMix, TrainOperation::kMas};
  if (spec.format == Format::kSigned) spec.operation = operations[draw(0, 4)];
  // A batch of a mixed run has one operation, unless the run has GrokFast.
  spec.grokfast = spec.operation == TrainOperation::kMas || draw(0, 1) == 0;
  spec.precision = is_double ? Precision::kFloat64 : Precision::kFloat32;
  return spec;
}

// What Transformer and autograd say of a batch.
struct Reference {
  torch::Tensor losses;  // [batch, n_answer]
  std::vector<torch::Tensor> gradients;
  double nearest_kink = 1;  // the smallest |input| of a ReLU that a loss depends on
};

// In float64, which is exact beside float32.
inline Reference ReferenceOf(const ModelConfig& config, const Encoding& encoding, const NamedTensors& weights,
                             const torch::Tensor& tokens) {
  Reference reference;
  NamedTensors wide;
  std::vector<torch::Tensor> parameters;
  for (const auto& [name, tensor] : weights) {
    wide.emplace_back(name, tensor.to(torch::kFloat64).contiguous().requires_grad_());
    parameters.push_back(wide.back().second);
  }
  Hooks hooks(config);
  const auto hook = [](int64_t layer) { return "blocks." + std::to_string(layer) + ".mlp.hook_pre"; };
  for (int64_t layer = 0; layer < config.n_layers; ++layer) hooks.Capture(hook(layer));
  const torch::Tensor logits = Transformer(config, wide).Forward(tokens, &hooks);
  const int64_t first = encoding.first_answer_row(), end = encoding.n_ctx() - 1;
  for (int64_t layer = 0; layer < config.n_layers; ++layer) {
    const int64_t from = layer + 1 == config.n_layers ? first : 0;
    const torch::Tensor read = hooks.captured().at(hook(layer)).slice(1, from, end).detach();
    reference.nearest_kink = std::min(reference.nearest_kink, read.abs().min().item<double>());
  }
  reference.losses = AnswerLosses(logits.slice(1, first, end), tokens.slice(1, encoding.n_question()));
  reference.gradients = torch::autograd::grad({reference.losses.mean()}, parameters);
  return reference;
}

// Of weights under the given names: each within 1e-5 of its own largest value (float64: 1e-11).
inline void ExpectGradients(const NamedTensors& gradients, const Reference& reference, bool is_double) {
  for (size_t i = 0; i < reference.gradients.size(); ++i) {
    const double difference = (gradients[i].second - reference.gradients[i]).abs().max().item<double>();
    const double largest = reference.gradients[i].abs().max().item<double>();
    const bool is_key_bias = gradients[i].first.find("b_K") != std::string::npos;  // whose true gradient is 0
    EXPECT_LE(difference, is_key_bias ? 1e-7 : (is_double ? 1e-11 : 1e-5) * largest)
        << gradients[i].first << ", largest " << largest;
  }
}

}  // namespace sumscope::engine

#endif  // SUMSCOPE_TESTS_SERVER_ENGINE_TRAINING_REFERENCE_GRADIENTS_H_

#ifndef SUMSCOPE_TESTS_SERVER_ENGINE_PROBING_EVALUATION_SMALL_MODELS_H_
#define SUMSCOPE_TESTS_SERVER_ENGINE_PROBING_EVALUATION_SMALL_MODELS_H_

#include "server/engine/data/encoding.h"
#include "server/engine/model/transformer.h"

namespace sumscope::engine {

// An untrained model, whose answers are as good as random.
inline Model SmallModel(int n, Format format, int64_t n_layers = 2) {
  const Encoding encoding(n, format);
  const ModelConfig config = {n_layers, 2, 16, 8, 24, encoding.n_ctx(), encoding.d_vocab()};
  return {config, n, format, InitialWeights(config, 4), torch::kCPU};
}

// One of a layer, whose answers come by tables and lie further apart.
inline Model TableModel(int n, Format format) {
  torch::manual_seed(3);
  Model model = SmallModel(n, format, 1);
  for (auto& [name, tensor] : model.weights) tensor.add_(torch::randn(tensor.sizes()) * 0.3);
  return model;
}

}  // namespace sumscope::engine

#endif  // SUMSCOPE_TESTS_SERVER_ENGINE_PROBING_EVALUATION_SMALL_MODELS_H_

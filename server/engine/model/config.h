#ifndef SUMSCOPE_SERVER_ENGINE_MODEL_CONFIG_H_
#define SUMSCOPE_SERVER_ENGINE_MODEL_CONFIG_H_

#include <cstdint>

#include "server/engine/data/encoding.h"
#include "server/engine/spec/spec.h"

namespace sumscope::engine {

// The dimensions of a transformer (science.md section 2). n_heads * d_head may differ from d_model.
struct ModelConfig {
  int64_t n_layers = 0;
  int64_t n_heads = 0;
  int64_t d_model = 0;
  int64_t d_head = 0;
  int64_t d_mlp = 0;
  int64_t n_ctx = 0;
  int64_t d_vocab = 0;
};

inline constexpr double kLayerNormEpsilon = 1e-5;

inline ModelConfig ConfigOf(const TrainSpec& spec) {
  const Encoding encoding(spec.n_digits, spec.format);
  return {spec.n_layers, spec.n_heads, spec.d_model, spec.d_head, spec.d_mlp, encoding.n_ctx(), encoding.d_vocab()};
}

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_MODEL_CONFIG_H_

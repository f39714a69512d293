#ifndef SUMSCOPE_SERVER_ENGINE_TRAINING_BATCHED_LAYER_H_
#define SUMSCOPE_SERVER_ENGINE_TRAINING_BATCHED_LAYER_H_

#include "server/engine/model/transformer.h"
#include "server/engine/training/batched/norm.h"
#include "server/engine/training/batched/slots.h"

namespace sumscope::engine::batched {

// What the rows of a layer read in one step.
struct Reading {
  torch::Tensor source;  // [runs, sources, d_model]: the slots' embeddings in layer 0, else the layer before's output
  int64_t first = 0;     // queries, and the rows' own residual stream, are made of the sources from here on
  int64_t groups = 1;    // that share no keys: 1 in layer 0, where all questions read the same slots; else the batch
  torch::Tensor hidden;  // bool, broadcasts to [runs, groups * n_heads, rows of a group, keys]: not for the row to see
  const Pick* pick = nullptr;  // layer 0's: which source is a row's own
};

// One block of the transformer, of several runs at once, at rows (position, question), question fastest. Confined to
// its step.
class Layer {
 public:
  // Views [runs, ..] in FlatParameters' layout.
  Layer(const ModelConfig& config, const BlockWeights& weights, const BlockWeights& gradients);

  // [runs, rows, d_model].
  torch::Tensor Forward(const Reading& reading);
  // The gradient of the source under that of the last Forward's result; writes those of all weights.
  torch::Tensor Backward(const torch::Tensor& out_gradient);

 private:
  // Between [runs, n * groups, n_heads * d_head] and [runs * groups * n_heads, n, d_head].
  torch::Tensor ToHeads(const torch::Tensor& x) const;
  torch::Tensor FromHeads(const torch::Tensor& x) const;
  // The gradient of norm1's result under that of z.
  torch::Tensor BackwardOfAttention(const torch::Tensor& z_gradient);

  const ModelConfig config_;
  const int64_t runs_, width_;
  const BlockWeights weights_, gradients_;
  const torch::Tensor W_Q_, W_KV_, W_O_;  // matrices of all heads
  Norm norm1_, norm2_;
  // Of the last Forward.
  Reading reading_;
  torch::Tensor normalized1_, q_, k_, v_, pattern_, z_, normalized2_, post_;
};

}  // namespace sumscope::engine::batched

#endif  // SUMSCOPE_SERVER_ENGINE_TRAINING_BATCHED_LAYER_H_

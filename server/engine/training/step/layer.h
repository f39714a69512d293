#ifndef SUMSCOPE_SERVER_ENGINE_TRAINING_STEP_LAYER_H_
#define SUMSCOPE_SERVER_ENGINE_TRAINING_STEP_LAYER_H_

#include <cstdint>
#include <vector>

#include "server/engine/model/transformer.h"
#include "server/engine/training/step/attention.h"
#include "server/engine/training/step/chunks.h"
#include "server/engine/training/step/norm.h"
#include "server/engine/training/step/product.h"

namespace sumscope::engine::step {

// What a layer's rows read. Keys and values are made of `source` [.., d_model]: the embedding of each pair in layer 0,
// the output of the layer before elsewhere.
struct LayerInput {
  int64_t batch = 0;
  int64_t positions = 0;  // that any row reads
  int64_t first = 0;      // the first position of which the layer has rows
  torch::Tensor source;
  torch::Tensor source_gradient;     // Backward writes it, and the layer's out_gradient must be its last rows or apart
  int64_t first_query = 0;           // queries are made of the source rows from here on
  const int32_t* key_row = nullptr;  // [batch, positions] source row of each key
  const int32_t* own_row = nullptr;  // [positions - first, batch] source row of each row
  bool shares_rows = false;          // several rows may have one source row: layer 0
};

// One block of the transformer at rows (position, question), position from `first` on, question fastest: the answer
// rows are the last. Confined to its step.
template <class T>
class Layer {
 public:
  // `weights` and `gradients` are views in FlatParameters' layout.
  Layer(const ModelConfig& config, const BlockWeights& weights, const BlockWeights& gradients, LayerInput input,
        torch::Tensor out_gradient);

  const torch::Tensor& out() const { return out_; }  // [rows, d_model]
  const torch::Tensor& out_gradient() const { return out_gradient_; }

  void Forward();
  // Of out_gradient, which it changes, and its column sums, which are to be in the gradient of b_out. source_sums
  // [d_model] becomes the column sums of source_gradient.
  void Backward(ColumnSums<T>* sums, T* source_sums);

  const std::vector<Product>& forward_products() const { return forward_; }
  const std::vector<Product>& backward_products() const { return backward_; }

 private:
  Attention<T> Heads();
  void BackwardOfAttention(ColumnSums<T>* sums);
  void SumColumns(const torch::Tensor& x, T scale, const torch::Tensor& to, ColumnSums<T>* sums);

  const ModelConfig config_;
  const BlockWeights weights_, gradients_;
  const LayerInput input_;
  const int64_t rows_;
  const torch::Tensor out_gradient_;
  torch::Tensor q_, kv_, pattern_, z_, mid_, post_, out_;
  torch::Tensor dnorm1_, dq_, dkv_, dz_, dnorm2_, dpost_;
  Norm<T> norm1_, norm2_;
  std::vector<T> scratch_;
  std::vector<Product> forward_, backward_;  // in the order in which they run
};

}  // namespace sumscope::engine::step

#endif  // SUMSCOPE_SERVER_ENGINE_TRAINING_STEP_LAYER_H_

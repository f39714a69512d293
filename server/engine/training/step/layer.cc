#include "server/engine/training/step/layer.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "server/engine/training/step/lanes.h"

namespace sumscope::engine::step {
namespace {

// The products of a layer, in the order in which they run.
enum ForwardProduct { kQ, kKv, kO, kIn, kOut };
enum BackwardProduct { kPost, kWOut, kWIn, kNorm2, kWO, kZ, kWQ, kWKv, kNorm1, kNorm1OfQ };

torch::Tensor Zeros(int64_t rows, int64_t width, const torch::Tensor& like) {
  return torch::zeros({rows, width}, like.options());
}

// W_Q, and W_K with W_V, as FlatParameters has them: one matrix [d_model, columns].
torch::Tensor Matrix(const torch::Tensor& heads, int64_t columns) {
  return heads.as_strided({heads.size(1), columns}, {columns, 1}, heads.storage_offset());
}

}  // namespace

template <class T>
Layer<T>::Layer(const ModelConfig& config, const BlockWeights& weights, const BlockWeights& gradients, LayerInput input,
                torch::Tensor out_gradient)
    : config_(config),
      weights_(weights),
      gradients_(gradients),
      input_(std::move(input)),
      rows_((input_.positions - input_.first) * input_.batch),
      out_gradient_(std::move(out_gradient)),
      mid_(Zeros(rows_, config.d_model, input_.source)),
      norm1_(input_.source, weights.ln1_w, weights.ln1_b, gradients.ln1_w, gradients.ln1_b),
      norm2_(mid_, weights.ln2_w, weights.ln2_b, gradients.ln2_w, gradients.ln2_b) {
  const int64_t width = config.n_heads * config.d_head, sources = input_.source.size(0);
  const auto zeros = [&](int64_t rows, int64_t columns) { return Zeros(rows, columns, mid_); };
  q_ = zeros(sources - input_.first_query, width);
  kv_ = zeros(sources, 2 * width);
  pattern_ = zeros(rows_ * config.n_heads, PaddedTo(input_.positions, Lanes<T>::kCount));
  z_ = zeros(rows_, width);
  post_ = zeros(rows_, config.d_mlp);
  out_ = zeros(rows_, config.d_model);
  dnorm1_ = zeros(sources, config.d_model);
  dq_ = torch::zeros_like(q_);
  dkv_ = torch::zeros_like(kv_);
  dz_ = torch::zeros_like(z_);
  dnorm2_ = torch::zeros_like(mid_);
  dpost_ = torch::zeros_like(post_);

  const torch::Tensor W_Q = Matrix(weights.W_Q, width), W_KV = Matrix(weights.W_K, 2 * width);
  const torch::Tensor W_O = weights.W_O.view({width, config.d_model});
  const torch::Tensor queries = norm1_.y().slice(0, input_.first_query);
  forward_ = {{q_, queries, W_Q},
              {kv_, norm1_.y(), W_KV},
              {mid_, z_, W_O, /*accumulate=*/true},
              {post_, norm2_.y(), weights.W_in},
              {out_, post_, weights.W_out, /*accumulate=*/true}};
  backward_ = {{dpost_, out_gradient_, weights.W_out.t()},
               {gradients.W_out, post_.t(), out_gradient_},
               {gradients.W_in, norm2_.y().t(), dpost_},
               {dnorm2_, dpost_, weights.W_in.t()},
               {gradients.W_O.view({width, config.d_model}), z_.t(), out_gradient_},
               {dz_, out_gradient_, W_O.t()},
               {Matrix(gradients.W_Q, width), queries.t(), dq_},
               {Matrix(gradients.W_K, 2 * width), norm1_.y().t(), dkv_},
               {dnorm1_, dkv_, W_KV.t()},
               {dnorm1_.slice(0, input_.first_query), dq_, W_Q.t(), /*accumulate=*/true}};
}

template <class T>
Attention<T> Layer<T>::Heads() {
  return {config_.n_heads,  config_.d_head,     input_.batch,      input_.positions,  input_.first,
          input_.key_row,   input_.first_query, q_.data_ptr<T>(),  kv_.data_ptr<T>(), pattern_.data_ptr<T>(),
          z_.data_ptr<T>(), dz_.data_ptr<T>(),  dq_.data_ptr<T>(), dkv_.data_ptr<T>()};
}

template <class T>
void Layer<T>::Forward() {
  const int64_t d_model = config_.d_model, d_mlp = config_.d_mlp, width = config_.n_heads * config_.d_head;
  norm1_.Forward();
  forward_[kQ].Run();
  forward_[kKv].Run();
  AddBias(q_.data_ptr<T>(), weights_.b_Q.data_ptr<T>(),
          static_cast<T>(1 / std::sqrt(static_cast<double>(config_.d_head))), q_.size(0), width);
  AddBias(kv_.data_ptr<T>(), weights_.b_K.data_ptr<T>(), T{1}, kv_.size(0), 2 * width);

  const Attention<T> heads = Heads();
  const int64_t chunks = ChunkCount(input_.batch, heads.keys * heads.keys * width);
  scratch_.resize(static_cast<size_t>(chunks * heads.scratch()));
  ForChunks(chunks, input_.batch, [&](int64_t chunk, int64_t begin, int64_t end) {
    Attend(heads, begin, end, 0, config_.n_heads, scratch_.data() + chunk * heads.scratch());
  });

  ForChunks(ChunkCount(rows_, d_model), rows_, [&](int64_t, int64_t begin, int64_t end) {
    GatherRows(input_.source.template data_ptr<T>(), input_.own_row + begin, weights_.b_O.data_ptr<T>(),
               mid_.data_ptr<T>() + begin * d_model, end - begin, d_model);
  });
  forward_[kO].Run();
  norm2_.Forward(weights_.b_out.data_ptr<T>(), out_.data_ptr<T>());
  forward_[kIn].Run();
  ForChunks(ChunkCount(rows_, d_mlp), rows_, [&](int64_t, int64_t begin, int64_t end) {
    BiasRelu(post_.data_ptr<T>() + begin * d_mlp, weights_.b_in.data_ptr<T>(), end - begin, d_mlp);
  });
  forward_[kOut].Run();
}

template <class T>
void Layer<T>::Backward(ColumnSums<T>* sums, T* source_sums) {
  const int64_t d_model = config_.d_model, d_mlp = config_.d_mlp;
  backward_[kPost].Run();
  backward_[kWOut].Run();
  const int64_t chunks = ChunkCount(rows_, d_mlp);
  sums->Begin(chunks, d_mlp);
  ForChunks(chunks, rows_, [&](int64_t chunk, int64_t begin, int64_t end) {
    ReluBackward(dpost_.data_ptr<T>() + begin * d_mlp, post_.data_ptr<T>() + begin * d_mlp, sums->Of(chunk),
                 end - begin, d_mlp);
  });
  sums->Take(0, d_mlp, gradients_.b_in.data_ptr<T>());
  backward_[kWIn].Run();
  backward_[kNorm2].Run();
  norm2_.Backward(dnorm2_, /*accumulate=*/true, out_gradient_, sums, gradients_.b_O.data_ptr<T>());
  backward_[kWO].Run();
  backward_[kZ].Run();
  BackwardOfAttention(sums);

  T* const source_gradient = input_.source_gradient.template data_ptr<T>();
  if (input_.shares_rows) {
    std::fill_n(source_gradient, input_.source_gradient.numel(), T{0});
    ForChunks(ChunkCount(d_model, rows_), d_model, [&](int64_t, int64_t begin, int64_t end) {
      ScatterRows(out_gradient_.data_ptr<T>(), input_.own_row, source_gradient, rows_, d_model, begin, end);
    });
  } else {
    std::fill_n(source_gradient, input_.first_query * d_model, T{0});
  }
  norm1_.Backward(dnorm1_, /*accumulate=*/true, input_.source_gradient, sums, source_sums);
}

template <class T>
void Layer<T>::BackwardOfAttention(ColumnSums<T>* sums) {
  const Attention<T> heads = Heads();
  std::fill_n(heads.dq, dq_.numel(), T{0});
  std::fill_n(heads.dkv, dkv_.numel(), T{0});
  const int64_t width = config_.n_heads * config_.d_head;
  const int64_t parts = input_.shares_rows ? config_.n_heads : input_.batch;
  const int64_t chunks = ChunkCount(parts, rows_ * heads.keys * width / parts);
  scratch_.resize(static_cast<size_t>(chunks * heads.scratch()));
  ForChunks(chunks, parts, [&](int64_t chunk, int64_t begin, int64_t end) {
    T* const scratch = scratch_.data() + chunk * heads.scratch();
    if (input_.shares_rows) {
      AttendBackward(heads, 0, input_.batch, begin, end, scratch);
    } else {
      AttendBackward(heads, begin, end, 0, config_.n_heads, scratch);
    }
  });
  const T scale = static_cast<T>(1 / std::sqrt(static_cast<double>(config_.d_head)));
  SumColumns(dq_, scale, gradients_.b_Q, sums);
  SumColumns(dkv_, T{1}, gradients_.b_K, sums);
  for (const BackwardProduct product : {kWQ, kWKv, kNorm1, kNorm1OfQ}) backward_[product].Run();
}

template <class T>
void Layer<T>::SumColumns(const torch::Tensor& x, T scale, const torch::Tensor& to, ColumnSums<T>* sums) {
  const int64_t rows = x.size(0), width = x.size(1), chunks = ChunkCount(rows, width);
  sums->Begin(chunks, width);
  ForChunks(chunks, rows, [&](int64_t chunk, int64_t begin, int64_t end) {
    ScaleAndSum(x.data_ptr<T>() + begin * width, scale, sums->Of(chunk), end - begin, width);
  });
  sums->Take(0, width, to.data_ptr<T>());
}

template class Layer<float>;
template class Layer<double>;

}  // namespace sumscope::engine::step

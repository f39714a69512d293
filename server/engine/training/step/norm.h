#ifndef SUMSCOPE_SERVER_ENGINE_TRAINING_STEP_NORM_H_
#define SUMSCOPE_SERVER_ENGINE_TRAINING_STEP_NORM_H_

#include <utility>

#include "server/engine/runtime/torch.h"
#include "server/engine/training/step/chunks.h"
#include "server/engine/training/step/rows.h"

namespace sumscope::engine::step {

// One LayerNorm over the rows of a fixed tensor, with its gradient. The tensors are views of what others hold.
template <class T>
class Norm {
 public:
  // x [rows, width]; w, b and their gradients [width].
  Norm(torch::Tensor x, torch::Tensor w, torch::Tensor b, torch::Tensor w_gradient, torch::Tensor b_gradient)
      : x_(std::move(x)),
        w_(std::move(w)),
        b_(std::move(b)),
        w_gradient_(std::move(w_gradient)),
        b_gradient_(std::move(b_gradient)),
        y_(torch::zeros_like(x_)),
        mean_(torch::zeros({x_.size(0)}, x_.options())),
        rstd_(torch::zeros_like(mean_)) {}

  const torch::Tensor& y() const { return y_; }

  // Writes y(), and out = x + out_b where they are given.
  void Forward(const T* out_b = nullptr, T* out = nullptr) {
    const int64_t rows = x_.size(0), width = x_.size(1);
    const NormRows<T> all{x_.data_ptr<T>(),
                          w_.data_ptr<T>(),
                          b_.data_ptr<T>(),
                          y_.data_ptr<T>(),
                          mean_.data_ptr<T>(),
                          rstd_.data_ptr<T>(),
                          out_b,
                          out};
    ForChunks(ChunkCount(rows, width), rows, [&](int64_t, int64_t begin, int64_t end) {
      NormRows<T> at = all;
      at.x += begin * width;
      at.y += begin * width;
      at.mean += begin;
      at.rstd += begin;
      if (out != nullptr) at.out += begin * width;
      Normalize(at, end - begin, width);
    });
  }

  // dx = (dx where `accumulate`) + the gradient of x under that of y; sets those of w and b, and dx_sums [width] to the
  // column sums of dx.
  void Backward(const torch::Tensor& dy, bool accumulate, const torch::Tensor& dx, ColumnSums<T>* sums, T* dx_sums) {
    const int64_t rows = x_.size(0), width = x_.size(1), chunks = ChunkCount(rows, width);
    const NormGradient<T> all{dy.data_ptr<T>(),    x_.data_ptr<T>(), w_.data_ptr<T>(), mean_.data_ptr<T>(),
                              rstd_.data_ptr<T>(), dx.data_ptr<T>(), nullptr,          accumulate};
    sums->Begin(chunks, 3 * width);
    ForChunks(chunks, rows, [&](int64_t chunk, int64_t begin, int64_t end) {
      NormGradient<T> at = all;
      at.dy += begin * width;
      at.x += begin * width;
      at.mean += begin;
      at.rstd += begin;
      at.dx += begin * width;
      at.sums = sums->Of(chunk);
      NormalizeBackward(at, end - begin, width);
    });
    sums->Take(0, width, w_gradient_.data_ptr<T>());
    sums->Take(width, width, b_gradient_.data_ptr<T>());
    sums->Take(2 * width, width, dx_sums);
  }

 private:
  torch::Tensor x_, w_, b_, w_gradient_, b_gradient_, y_, mean_, rstd_;
};

}  // namespace sumscope::engine::step

#endif  // SUMSCOPE_SERVER_ENGINE_TRAINING_STEP_NORM_H_

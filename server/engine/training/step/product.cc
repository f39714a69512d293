#include "server/engine/training/step/product.h"

#include <ATen/ops/addmm_cpu_dispatch.h>
#include <ATen/ops/mm_cpu_dispatch.h>

#include <algorithm>
#include <utility>

// LibTorch's own BLAS under its Fortran names; null where a build of LibTorch keeps it to itself.
extern "C" {
__attribute__((weak)) void sgemm_(const char* transpose_a, const char* transpose_b, const int* m, const int* n,
                                  const int* k, const float* alpha, const float* a, const int* lda, const float* b,
                                  const int* ldb, const float* beta, float* c, const int* ldc);
__attribute__((weak)) void dgemm_(const char* transpose_a, const char* transpose_b, const int* m, const int* n,
                                  const int* k, const double* alpha, const double* a, const int* lda, const double* b,
                                  const int* ldb, const double* beta, double* c, const int* ldc);
}

namespace sumscope::engine::step {
namespace {

// A matrix as BLAS names it: whether its columns are contiguous, and how far it is from one row (column) to the next.
struct Layout {
  explicit Layout(const torch::Tensor& x) : transposed(x.stride(1) != 1) {
    const int64_t least = x.size(transposed ? 0 : 1);
    stride = static_cast<int>(std::max({x.stride(transposed ? 1 : 0), least, int64_t{1}}));
  }
  const char* mark() const { return transposed ? "T" : "N"; }

  bool transposed;
  int stride = 1;
};

// BLAS has columns where we have rows: it computes the transpose of the product.
template <class T, class Gemm>
void Multiply(Gemm gemm, const torch::Tensor& out, const torch::Tensor& a, const torch::Tensor& b, bool accumulate) {
  const Layout of_out(out), of_a(a), of_b(b);
  const int rows = static_cast<int>(a.size(0)), depth = static_cast<int>(a.size(1)),
            columns = static_cast<int>(b.size(1));
  const T one = 1, beta = accumulate ? 1 : 0;
  gemm(of_b.mark(), of_a.mark(), &columns, &rows, &depth, &one, b.const_data_ptr<T>(), &of_b.stride,
       a.const_data_ptr<T>(), &of_a.stride, &beta, out.data_ptr<T>(), &of_out.stride);
}

}  // namespace

Product::Product(torch::Tensor out, torch::Tensor a, torch::Tensor b, bool accumulate)
    : out_(std::move(out)), a_(std::move(a)), b_(std::move(b)), accumulate_(accumulate) {}

void Product::Run() const {
  if (out_.scalar_type() == torch::kFloat32 && sgemm_ != nullptr) {
    Multiply<float>(sgemm_, out_, a_, b_, accumulate_);
  } else if (out_.scalar_type() == torch::kFloat64 && dgemm_ != nullptr) {
    Multiply<double>(dgemm_, out_, a_, b_, accumulate_);
  } else {
    torch::Tensor out = out_;
    if (accumulate_) {
      at::cpu::addmm_out(out, out, a_, b_);
    } else {
      at::cpu::mm_out(out, a_, b_);
    }
  }
}

}  // namespace sumscope::engine::step

#ifndef SUMSCOPE_SERVER_ENGINE_PROBING_EVALUATION_LOSS_SAMPLE_H_
#define SUMSCOPE_SERVER_ENGINE_PROBING_EVALUATION_LOSS_SAMPLE_H_

#include <algorithm>
#include <cstdint>

#include "server/engine/data/training_batch.h"

namespace sumscope::engine {

inline constexpr uint64_t kLossSample = 10000;

// Of which questions of an evaluation the loss is measured: of all where there are at most `size`, else of one in each
// of `size` strides that part them evenly, at a place that is drawn (seed 0). At evenly spaced places a source that
// takes operations or classes in turn could show the same ones each time. Immutable.
class LossSample {
 public:
  explicit LossSample(uint64_t total, uint64_t size = kLossSample) : total_(total), size_(std::min(size, total)) {}

  uint64_t size() const { return size_; }
  // Of `index` below total.
  bool Has(uint64_t index) const { return size_ == total_ || index == At(index * size_ / total_); }
  // The question of stride `stride` below size().
  uint64_t At(uint64_t stride) const {
    const uint64_t begin = Begin(stride), length = Begin(stride + 1) - begin;
    const uint32_t word =
        DrawBlock(/*seed=*/0, Stream::kAnalysis, kLossSampleStep, static_cast<uint32_t>(stride), 0)[0];
    return begin + Below(word, static_cast<uint32_t>(length));
  }

 private:
  // The first index of a stride: the least of which index * size / total is the stride.
  uint64_t Begin(uint64_t stride) const { return (stride * total_ + size_ - 1) / size_; }

  const uint64_t total_, size_;
};

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_PROBING_EVALUATION_LOSS_SAMPLE_H_

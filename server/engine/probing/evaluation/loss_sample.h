#ifndef SUMSCOPE_SERVER_ENGINE_PROBING_EVALUATION_LOSS_SAMPLE_H_
#define SUMSCOPE_SERVER_ENGINE_PROBING_EVALUATION_LOSS_SAMPLE_H_

#include <cstdint>

#include "server/engine/data/training_batch.h"

namespace sumscope::engine {

inline constexpr uint64_t kLossSample = 10000;

// Of which questions of an evaluation the loss is measured: of all where it is `in_full` or there are at most
// kLossSample, else of one in each of kLossSample strides that part them evenly, at a place that is drawn (seed 0). At
// evenly spaced places a source that takes operations or classes in turn could show the same ones each time. Immutable.
class LossSample {
 public:
  LossSample(uint64_t total, bool in_full) : total_(total), all_(in_full || total <= kLossSample) {}

  // Of `index` below total.
  bool Has(uint64_t index) const {
    if (all_) return true;
    const uint64_t stride = index * kLossSample / total_;
    const uint64_t begin = Begin(stride), length = Begin(stride + 1) - begin;
    const uint32_t word =
        DrawBlock(/*seed=*/0, Stream::kAnalysis, kLossSampleStep, static_cast<uint32_t>(stride), 0)[0];
    return index == begin + Below(word, static_cast<uint32_t>(length));
  }

 private:
  // The first index of a stride: the least of which index * kLossSample / total is the stride.
  uint64_t Begin(uint64_t stride) const { return (stride * total_ + kLossSample - 1) / kLossSample; }

  const uint64_t total_;
  const bool all_;
};

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_PROBING_EVALUATION_LOSS_SAMPLE_H_

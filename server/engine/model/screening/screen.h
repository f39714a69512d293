#ifndef SUMSCOPE_SERVER_ENGINE_MODEL_SCREENING_SCREEN_H_
#define SUMSCOPE_SERVER_ENGINE_MODEL_SCREENING_SCREEN_H_

#include <cstdint>
#include <memory>

#include "server/engine/data/encoding.h"
#include "server/engine/model/answer_forward.h"
#include "server/engine/model/config.h"
#include "server/engine/model/screening/screen_forward.h"
#include "server/engine/model/weights.h"
#include "server/engine/runtime/torch.h"

namespace sumscope::engine {

// The forward pass in bfloat16, several times as fast where the machine multiplies in it, to see which questions leave
// no doubt (ours). Its logits differ from float32's by its rounding; an answer whose two largest logits lie further
// apart than bound() is taken as float32's. The bound is four times the largest difference that Compare has met, so
// that twice that difference could not change such an answer, and at least kLeastBound.
// Thread-compatible.
class Screen {
 public:
  static constexpr double kLeastBound = 0.5;
  static constexpr double kTimesDifference = 4;

  // Whether it is faster than float32 here: wide models on CPUs with avx512_bf16, and on GPUs.
  static bool Pays(const ModelConfig& config, const torch::Device& device);

  // `weights` float32 in the order of ParameterList on the device. `by_tiles`: by ScreenForward where it fits, else by
  // AnswerForward in bfloat16.
  Screen(const ModelConfig& config, const NamedTensors& weights, const Encoding& encoding, torch::Device device,
         bool by_tiles = tiles::TileUnit::IsFast());

  ~Screen();

  // Logits float32 [count, n_answer, d_vocab] on the CPU of tokens [count, n_ctx], at the answer rows.
  torch::Tensor Logits(const torch::Tensor& tokens) const;

  // Learns from questions of which the float32 logits are known, both [count, n_answer, d_vocab].
  void Compare(const torch::Tensor& screened, const torch::Tensor& exact);
  // No number, which no margin exceeds, once a logit was none.
  double bound() const {
    const double bound = kTimesDifference * largest_difference_;
    return bound < kLeastBound ? kLeastBound : bound;
  }

 private:
  struct Rounded;  // the weights in bfloat16 and their AnswerForward

  const ModelConfig config_;
  const Encoding encoding_;
  std::unique_ptr<const screening::ScreenForward> tiles_;  // or
  std::unique_ptr<const Rounded> rounded_;
  double largest_difference_ = 0;  // NaN once a logit was none
};

// The largest absolute difference of two tensors of logits; NaN where one of them is no number.
double LargestDifference(const torch::Tensor& screened, const torch::Tensor& exact);

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_MODEL_SCREENING_SCREEN_H_

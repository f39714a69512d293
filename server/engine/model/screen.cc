#include "server/engine/model/screen.h"

#include <cmath>

namespace sumscope::engine {
namespace {

// Narrower ones spend their time elsewhere than in products.
constexpr int64_t kLeastWidth = 256;

bool MultipliesBfloat16() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512bf16");
#else
  return false;
#endif
}

NamedTensors InBfloat16(const NamedTensors& weights) {
  NamedTensors rounded;
  for (const auto& [name, tensor] : weights) rounded.emplace_back(name, tensor.to(torch::kBFloat16));
  return rounded;
}

}  // namespace

bool Screen::Pays(const ModelConfig& config, const torch::Device& device) {
  return config.d_model >= kLeastWidth && (device.is_cuda() || MultipliesBfloat16());
}

Screen::Screen(const ModelConfig& config, const NamedTensors& weights, const Encoding& encoding, torch::Device device)
    : encoding_(encoding),
      weights_(InBfloat16(weights)),
      forward_(config, BindWeights(config, weights_), AnswerForward::Pairs::All(encoding, device, torch::kBFloat16),
               device),
      table_(forward_.MakeTable(encoding.first_answer_row(), encoding.n_answer())) {}

torch::Tensor Screen::Logits(const torch::Tensor& tokens) const {
  return forward_.Forward(tokens, table_, encoding_.first_answer_row(), encoding_.n_answer())
      .to(torch::kCPU, torch::kFloat32)
      .contiguous();
}

void Screen::Compare(const torch::Tensor& screened, const torch::Tensor& exact) {
  const double difference = LargestDifference(screened, exact);
  if (!(largest_difference_ >= difference) && !std::isnan(largest_difference_)) largest_difference_ = difference;
}

double LargestDifference(const torch::Tensor& screened, const torch::Tensor& exact) {
  return (screened - exact).abs().max().item<double>();
}

}  // namespace sumscope::engine

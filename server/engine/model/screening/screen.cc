#include "server/engine/model/screening/screen.h"

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

struct Screen::Rounded {
  Rounded(const ModelConfig& config, const NamedTensors& exact, const Encoding& encoding, torch::Device device)
      : weights(InBfloat16(exact)),
        forward(config, BindWeights(config, weights), AnswerForward::Pairs::All(encoding, device, torch::kBFloat16),
                device),
        table(forward.MakeTable(encoding.first_answer_row(), encoding.n_answer())) {}

  const NamedTensors weights;
  const AnswerForward forward;
  const AnswerForward::Table table;
};

Screen::Screen(const ModelConfig& config, const NamedTensors& weights, const Encoding& encoding, torch::Device device,
               bool by_tiles)
    : config_(config), encoding_(encoding) {
  if (by_tiles && device.is_cpu() && screening::ScreenForward::Fits(config)) {
    tiles_ = std::make_unique<screening::ScreenForward>(config, BindWeights(config, weights), encoding);
  } else {
    rounded_ = std::make_unique<Rounded>(config, weights, encoding, device);
  }
}

Screen::~Screen() = default;

torch::Tensor Screen::Logits(const torch::Tensor& tokens) const {
  if (tiles_ == nullptr) {
    return rounded_->forward.Forward(tokens, rounded_->table, encoding_.first_answer_row(), encoding_.n_answer())
        .to(torch::kCPU, torch::kFloat32)
        .contiguous();
  }
  const torch::Tensor lines = tokens.contiguous();
  const torch::Tensor logits = torch::empty({lines.size(0), encoding_.n_answer(), config_.d_vocab}, torch::kFloat32);
  tiles_->Logits(lines.data_ptr<int64_t>(), static_cast<size_t>(lines.size(0)), logits.data_ptr<float>());
  return logits;
}

void Screen::Compare(const torch::Tensor& screened, const torch::Tensor& exact) {
  const double difference = LargestDifference(screened, exact);
  if (!(largest_difference_ >= difference) && !std::isnan(largest_difference_)) largest_difference_ = difference;
}

double LargestDifference(const torch::Tensor& screened, const torch::Tensor& exact) {
  return (screened - exact).abs().max().item<double>();
}

}  // namespace sumscope::engine

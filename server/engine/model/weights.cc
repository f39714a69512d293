#include "server/engine/model/weights.h"

#include <cmath>
#include <unordered_map>

#include "server/engine/data/philox.h"
#include "server/engine/runtime/error.h"

namespace sumscope::engine {
namespace {

// W_E, W_pos, W_Q .. are matrices; `ln1.w` and the biases are not.
bool IsMatrix(const std::string& name) { return name.find(".W_") != std::string::npos; }

bool IsNormWeight(const std::string& name) { return name.size() > 2 && name.compare(name.size() - 2, 2, ".w") == 0; }

void FillNormals(uint64_t seed, uint64_t parameter, double deviation, double* values, int64_t count) {
  for (int64_t row = 0; 4 * row < count; ++row) {
    const PhiloxBlock words = DrawBlock(seed, Stream::kWeights, parameter, static_cast<uint32_t>(row), 0);
    for (int64_t pair = 0; pair < 2; ++pair) {
      const double u1 = (words[2 * pair] + 0.5) / 4294967296.0;
      const double angle = 2 * M_PI * (words[2 * pair + 1] / 4294967296.0);
      const double radius = deviation * std::sqrt(-2 * std::log(u1));
      const int64_t at = 4 * row + 2 * pair;
      if (at < count) values[at] = radius * std::cos(angle);
      if (at + 1 < count) values[at + 1] = radius * std::sin(angle);
    }
  }
}

std::string ShapeText(c10::IntArrayRef shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) text += (i == 0 ? "" : ",") + std::to_string(shape[i]);
  return text + "]";
}

}  // namespace

std::vector<ParameterInfo> ParameterList(const ModelConfig& c) {
  std::vector<ParameterInfo> list = {{"embed.W_E", {c.d_vocab, c.d_model}}, {"pos_embed.W_pos", {c.n_ctx, c.d_model}}};
  for (int64_t i = 0; i < c.n_layers; ++i) {
    const std::string block = "blocks." + std::to_string(i) + ".";
    list.push_back({block + "ln1.w", {c.d_model}});
    list.push_back({block + "ln1.b", {c.d_model}});
    for (const char* name : {"W_Q", "W_K", "W_V"}) {
      list.push_back({block + "attn." + name, {c.n_heads, c.d_model, c.d_head}});
    }
    for (const char* name : {"b_Q", "b_K", "b_V"}) list.push_back({block + "attn." + name, {c.n_heads, c.d_head}});
    list.push_back({block + "attn.W_O", {c.n_heads, c.d_head, c.d_model}});
    list.push_back({block + "attn.b_O", {c.d_model}});
    list.push_back({block + "ln2.w", {c.d_model}});
    list.push_back({block + "ln2.b", {c.d_model}});
    list.push_back({block + "mlp.W_in", {c.d_model, c.d_mlp}});
    list.push_back({block + "mlp.b_in", {c.d_mlp}});
    list.push_back({block + "mlp.W_out", {c.d_mlp, c.d_model}});
    list.push_back({block + "mlp.b_out", {c.d_model}});
  }
  list.push_back({"ln_final.w", {c.d_model}});
  list.push_back({"ln_final.b", {c.d_model}});
  list.push_back({"unembed.W_U", {c.d_model, c.d_vocab}});
  list.push_back({"unembed.b_U", {c.d_vocab}});
  return list;
}

NamedTensors InitialWeights(const ModelConfig& config, uint64_t seed, torch::ScalarType dtype) {
  const double deviation = 0.8 / std::sqrt(static_cast<double>(config.d_model));
  NamedTensors weights;
  for (const ParameterInfo& info : ParameterList(config)) {
    torch::Tensor values = torch::zeros(info.shape, torch::kFloat64);
    if (IsMatrix(info.name)) {
      FillNormals(seed, weights.size(), deviation, values.data_ptr<double>(), values.numel());
    } else if (IsNormWeight(info.name)) {
      values.fill_(1);
    }
    weights.emplace_back(info.name, values.to(dtype));
  }
  return weights;
}

NamedTensors CheckedWeights(const ModelConfig& config, const NamedTensors& weights, torch::Device device,
                            torch::ScalarType dtype) {
  std::unordered_map<std::string, torch::Tensor> given;
  for (const auto& [name, tensor] : weights) {
    if (!given.emplace(name, tensor).second) RefuseInput("WEIGHTS_DUPLICATE", "tensor " + name + " is given twice");
  }
  NamedTensors checked;
  for (const ParameterInfo& info : ParameterList(config)) {
    const auto found = given.find(info.name);
    if (found == given.end()) RefuseInput("WEIGHTS_MISSING", "tensor " + info.name + " is missing");
    const torch::Tensor& tensor = found->second;
    if (tensor.sizes() != c10::IntArrayRef(info.shape)) {
      RefuseInput("WEIGHTS_SHAPE", "tensor " + info.name + " has shape " + ShapeText(tensor.sizes()) + ", expected " +
                                       ShapeText(info.shape));
    }
    if (!tensor.is_floating_point())
      RefuseInput("WEIGHTS_DTYPE", "tensor " + info.name + " does not hold floating numbers");
    torch::Tensor moved = torch::empty(info.shape, torch::dtype(dtype).device(device));
    moved.copy_(tensor.detach());
    if (!torch::isfinite(moved).all().item<bool>())
      RefuseInput("WEIGHTS_NOT_FINITE", "tensor " + info.name + " holds NaN or Inf");
    checked.emplace_back(info.name, moved);
    given.erase(found);
  }
  if (!given.empty())
    RefuseInput("WEIGHTS_UNKNOWN", "tensor " + given.begin()->first + " belongs to no part of the model");
  return checked;
}

}  // namespace sumscope::engine

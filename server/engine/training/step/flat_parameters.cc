#include "server/engine/training/step/flat_parameters.h"

#include <string>

#include "server/engine/training/step/lanes.h"

namespace sumscope::engine::step {
namespace {

bool EndsWith(const std::string& name, const char* end) {
  const std::string tail(end);
  return name.size() >= tail.size() && name.compare(name.size() - tail.size(), tail.size(), tail) == 0;
}

}  // namespace

FlatParameters::FlatParameters(const ModelConfig& config) {
  const int64_t width = config.n_heads * config.d_head;
  for (const ParameterInfo& info : ParameterList(config)) {
    Place place{info.name, info.shape, std::vector<int64_t>(info.shape.size(), 1), size_};
    int64_t count = 1;
    for (size_t i = info.shape.size(); i-- > 0;) {
      place.strides[i] = count;
      count *= info.shape[i];
    }
    if (EndsWith(info.name, ".W_Q")) place.strides = {config.d_head, width, 1};
    if (EndsWith(info.name, ".W_K")) place.strides = {config.d_head, 2 * width, 1};
    if (EndsWith(info.name, ".W_K")) count *= 2;
    if (EndsWith(info.name, ".W_V")) {
      place.strides = places_.back().strides;
      place.offset = places_.back().offset + width;
      count = 0;
    }
    // b_V follows b_K without a gap, as W_V's columns do W_K's.
    if (!EndsWith(info.name, ".b_K")) count = PaddedTo(size_ + count, Lanes<float>::kCount) - size_;
    places_.push_back(std::move(place));
    size_ += count;
  }
}

NamedTensors FlatParameters::Views(const torch::Tensor& flat) const {
  NamedTensors views;
  for (const Place& place : places_) {
    views.emplace_back(place.name, flat.as_strided(place.shape, place.strides, place.offset));
  }
  return views;
}

}  // namespace sumscope::engine::step

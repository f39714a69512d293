#include "server/engine/training/run_state.h"

#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "server/engine/runtime/error.h"

namespace sumscope::engine {
namespace {

// On the CPU, in the order of its elements.
torch::Tensor ContiguousCopy(const torch::Tensor& tensor) {
  const torch::NoGradGuard no_grad;
  return torch::empty(tensor.sizes(), tensor.scalar_type()).copy_(tensor);
}

[[noreturn]] void FailRestore(const std::string& message) {
  throw Error(ErrorKind::kCorrupt, "BAD_RESUME_STATE", "resume state: " + message);
}

}  // namespace

NamedTensors RunState::Weights() const {
  NamedTensors copies;
  for (const auto& [name, tensor] : weights) copies.emplace_back(name, ContiguousCopy(tensor));
  return copies;
}

ResumeState RunState::Save(uint64_t step) const {
  ResumeState state{step, Weights()};
  const auto add = [&](const std::string& prefix, const NamedTensors& tensors) {
    for (const auto& [name, tensor] : tensors) state.tensors.emplace_back(prefix + name, ContiguousCopy(tensor));
  };
  add("adam.m.", m);
  add("adam.v.", v);
  if (step > 0) add("grokfast.", slow);
  return state;
}

void RunState::Restore(const TrainSpec& spec, const ResumeState& state) const {
  std::vector<std::pair<std::string, const NamedTensors*>> parts = {{"", &weights}, {"adam.m.", &m}, {"adam.v.", &v}};
  if (state.step > 0 && !slow.empty()) parts.emplace_back("grokfast.", &slow);
  const std::unordered_map<std::string, torch::Tensor> given(state.tensors.begin(), state.tensors.end());
  for (const auto& [prefix, tensors] : parts) {
    for (const auto& [name, tensor] : *tensors) {
      const auto found = given.find(prefix + name);
      if (found == given.end()) FailRestore("tensor " + prefix + name + " is missing");
      if (found->second.sizes() != tensor.sizes() || found->second.scalar_type() != tensor.scalar_type()) {
        FailRestore("tensor " + prefix + name + " has another shape or type than the spec says");
      }
    }
  }
  if (state.tensors.size() != parts.size() * weights.size())
    FailRestore("it holds tensors that the spec does not have");
  if (state.step > spec.steps) FailRestore("its step lies behind the last");

  const torch::NoGradGuard no_grad;
  for (const auto& [prefix, tensors] : parts) {
    for (const auto& [name, tensor] : *tensors) tensor.copy_(given.at(prefix + name));
  }
}

}  // namespace sumscope::engine

#ifndef SUMSCOPE_SERVER_ENGINE_TRAINING_RUN_STATE_H_
#define SUMSCOPE_SERVER_ENGINE_TRAINING_RUN_STATE_H_

#include <cstdint>

#include "server/engine/model/weights.h"
#include "server/engine/spec/spec.h"

namespace sumscope::engine {

inline constexpr double kGrokFastDecay = 0.98;
inline constexpr double kGrokFastGain = 2;

inline torch::ScalarType DtypeOf(const TrainSpec& spec) {
  return spec.precision == Precision::kFloat64 ? torch::kFloat64 : torch::kFloat32;
}

// All that a later process needs to go on with the same bytes.
struct ResumeState {
  uint64_t step = 0;     // steps done
  NamedTensors tensors;  // on the CPU: weights under their names, then "adam.m.<name>", "adam.v.<name>", and with
                         // GrokFast "grokfast.<name>" (absent at step 0)
};

// What a run carries from step to step: views, under the parameters' names, of what its trainer works on.
struct RunState {
  NamedTensors weights, m, v;
  NamedTensors slow;  // GrokFast's e; empty without it

  NamedTensors Weights() const;  // CPU clones
  ResumeState Save(uint64_t step) const;
  // Copies the tensors. Throws kCorrupt (BAD_RESUME_STATE), before anything is changed, when some are missing, unknown
  // or of another shape or dtype, or the step lies behind the spec's last.
  void Restore(const TrainSpec& spec, const ResumeState& state) const;
};

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_TRAINING_RUN_STATE_H_

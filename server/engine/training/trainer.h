#ifndef SUMSCOPE_SERVER_ENGINE_TRAINING_TRAINER_H_
#define SUMSCOPE_SERVER_ENGINE_TRAINING_TRAINER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "server/engine/model/transformer.h"
#include "server/engine/model/weights.h"
#include "server/engine/runtime/torch.h"
#include "server/engine/spec/spec.h"
#include "server/engine/training/insertion.h"
#include "server/engine/training/run_state.h"
#include "server/engine/training/schedule.h"
#include "server/engine/training/step_metrics.h"

namespace sumscope::engine {

// The rows of consecutive steps.
struct StepBlock {
  uint64_t first_step = 0, count = 0;
  std::vector<double> values;  // [count, columns], each row as StepMetrics::Row has it
};

// Trains one model. The series of metrics and weights is the same bytes for the same spec, device kind, ISA level and
// threads, also across Save and Restore. Thread-compatible: one thread at a time.
class Trainer {
 public:
  // At step 0 with fresh weights, with those of `source` in them for an insert mode. Throws what ValidateSpec and
  // Insertion throw, and kInvalidArgument: INIT_FROM_MISSING for an insert mode without a source, DEVICE_UNAVAILABLE.
  static std::unique_ptr<Trainer> Create(const TrainSpec& spec, torch::Device device,
                                         const SourceModel* source = nullptr);
  virtual ~Trainer() = default;

  // One training step. Throws kNonFinite (NON_FINITE_LOSS, the message names the step) and leaves the weights as they
  // were when the loss is NaN or infinite.
  virtual StepMetrics Step() = 0;
  virtual uint64_t step() const = 0;  // steps done

  // So many calls of Step, whose rows replace what `block` held. When a step throws, `block` holds the rows before it.
  virtual void Advance(uint64_t steps, StepBlock* block);

  virtual NamedTensors Weights() const = 0;  // CPU clones, in the fixed order
  virtual Model CurrentModel() const = 0;    // for probes between two steps: weights shared, not copied
  virtual ResumeState Save() const = 0;
  // Throws kCorrupt (BAD_RESUME_STATE) when tensors are missing, unknown or of another shape or dtype.
  virtual void Restore(const ResumeState& state) = 0;

  virtual std::vector<std::string> metric_columns() const = 0;  // names of the deterministic series
};

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_TRAINING_TRAINER_H_

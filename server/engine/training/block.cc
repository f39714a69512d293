#include "server/engine/training/block.h"

#include <algorithm>

#include "server/engine/data/training_batch.h"
#include "server/engine/training/schedule.h"

namespace sumscope::engine::batched {
namespace {

constexpr int64_t kMostSteps = 64;
constexpr int64_t kMostNumbers = int64_t{1} << 22;  // of slots: 32 MiB

}  // namespace

StepInputs StepInputs::To(torch::Device device) const {
  return {slots.to(device, slots.scalar_type(), /*non_blocking=*/false, /*copy=*/true),
          answers.to(device, answers.scalar_type(), /*non_blocking=*/false, /*copy=*/true),
          rates.to(device, rates.scalar_type(), /*non_blocking=*/false, /*copy=*/true),
          updates.to(device, updates.scalar_type(), /*non_blocking=*/false, /*copy=*/true)};
}

void StepInputs::CopyFrom(const StepInputs& other) {
  slots.copy_(other.slots);
  answers.copy_(other.answers);
  rates.copy_(other.rates);
  updates.copy_(other.updates);
}

StepInputs StepInputs::At(const torch::Tensor& at) const {
  const auto select = [&](const torch::Tensor& of_block) { return of_block.index_select(0, at).squeeze(0); };
  return {select(slots), select(answers), select(rates), select(updates)};
}

Block::Block(const std::vector<TrainSpec>& specs, const Slots& slots) : specs_(specs), slots_(&slots) {
  const auto runs = static_cast<int64_t>(specs.size());
  const int64_t batch = specs.front().batch_size;
  const int64_t steps = std::clamp(kMostNumbers / (runs * slots.positions() * batch), int64_t{1}, kMostSteps);
  batches_.assign(static_cast<size_t>(steps), std::vector<Questions>(specs.size()));
  inputs_ = {torch::zeros({steps, runs, slots.positions(), batch}, torch::kInt64),
             torch::zeros({steps, runs, slots.answers(), batch}, torch::kInt64),
             torch::zeros({steps, runs}, torch::kFloat32), torch::zeros({steps}, torch::kFloat32)};
}

void Block::Draw(uint64_t first) {
  is_drawn_ = false;
  first_ = first;
  int64_t* slots = inputs_.slots.data_ptr<int64_t>();
  int64_t* answers = inputs_.answers.data_ptr<int64_t>();
  float* rates = inputs_.rates.data_ptr<float>();
  float* updates = inputs_.updates.data_ptr<float>();
  for (uint64_t step = first; step < end(); ++step) {
    *updates++ = static_cast<float>(step + 1);
    for (size_t run = 0; run < specs_.size(); ++run) {
      const TrainSpec& spec = specs_[run];
      *rates++ = static_cast<float>(spec.learning_rate * ScheduleFactor(spec.schedule, step, spec.steps));
      Questions& batch = batches_[step - first][run];
      FillTrainingBatch(spec, step, &batch);
      slots_->Encode(batch, slots, answers);
      slots += slots_->positions() * spec.batch_size;
      answers += slots_->answers() * spec.batch_size;
    }
  }
  is_drawn_ = true;
}

}  // namespace sumscope::engine::batched

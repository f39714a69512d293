#ifndef SUMSCOPE_SERVER_ENGINE_TRAINING_BATCHED_TRAINER_H_
#define SUMSCOPE_SERVER_ENGINE_TRAINING_BATCHED_TRAINER_H_

#include <memory>

#include "server/engine/training/trainer.h"

namespace sumscope::engine {

// A trainer of one run on any device: batched::Runs of one. `source` is null where the spec does not insert. Throws
// what Trainer::Create does.
std::unique_ptr<Trainer> CreateBatchedTrainer(const TrainSpec& spec, torch::Device device, const SourceModel* source);

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_TRAINING_BATCHED_TRAINER_H_

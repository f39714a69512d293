#ifndef SUMSCOPE_SERVER_WORKER_MACHINE_CALIBRATION_H_
#define SUMSCOPE_SERVER_WORKER_MACHINE_CALIBRATION_H_

#include "absl/status/statusor.h"
#include "proto/contract/base/clock.h"
#include "server/engine/runtime/torch.h"
#include "sumscope/v1/system.pb.h"

namespace sumscope::worker {

// What this process reaches on `device` with its threads, for predictions: some steps, answers and interventions of a
// wide model and of a thin one with long questions. Takes about a second, and changes nothing that a later task
// computes. Throws what the engine throws.
absl::StatusOr<sumscope::v1::Rates> Calibrate(const torch::Device& device, Clock* clock);

}  // namespace sumscope::worker

#endif  // SUMSCOPE_SERVER_WORKER_MACHINE_CALIBRATION_H_

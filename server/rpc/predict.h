#ifndef SUMSCOPE_SERVER_RPC_PREDICT_H_
#define SUMSCOPE_SERVER_RPC_PREDICT_H_

#include <cstdint>

#include "sumscope/v1/runs.pb.h"

namespace sumscope::rpc {

// What training a complete spec would need, from its shape alone (ours). Memory: weights, gradients and two moments,
// and the activations of one batch. Disk: the kept checkpoints, two resume states (one is being replaced) and the
// metrics.
v1::Prediction PredictTraining(const v1::TrainSpec& spec, uint32_t threads);

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_PREDICT_H_

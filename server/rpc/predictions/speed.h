#ifndef SUMSCOPE_SERVER_RPC_PREDICTIONS_SPEED_H_
#define SUMSCOPE_SERVER_RPC_PREDICTIONS_SPEED_H_

#include <vector>

#include "sumscope/v1/system.pb.h"

namespace sumscope::rpc {

// How fast a slot computes, for predictions.
struct Speed {
  bool measured = false;
  double training_flops_per_second;
  double training_step_seconds = 0;  // beside the operations
  double answering_flops_per_second;
  double intervening_flops_per_second;
};

// What is assumed until a worker has measured: of so many threads.
Speed AssumedSpeed(uint32_t threads);

// The mean of what the slots' workers measured, since nobody knows which slot a job will get; the assumed speed of the
// first slot where none has.
Speed SpeedOf(const std::vector<v1::Slot>& slots);

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_PREDICTIONS_SPEED_H_

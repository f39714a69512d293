#ifndef SUMSCOPE_SERVER_RPC_PREDICTIONS_SPEED_H_
#define SUMSCOPE_SERVER_RPC_PREDICTIONS_SPEED_H_

#include <cstdint>
#include <vector>

#include "proto/contract/analyses/analysis_work.h"
#include "proto/contract/models/model_cost.h"
#include "sumscope/v1/system.pb.h"

namespace sumscope::rpc {

// How fast a slot computes, for predictions: a time for each operation and each value (model_cost.h).
struct Speed {
  bool measured = false;
  v1::Rates rates;

  double TrainingSeconds(const Work& step, uint64_t steps) const;
  double AnalysisSeconds(const AnalysisWork& work) const;
};

// What is assumed until a worker has measured: of so many threads.
Speed AssumedSpeed(uint32_t threads);

// The mean of what the slots' workers measured, since nobody knows which slot a job will get; the assumed speed of the
// first slot where none has.
Speed SpeedOf(const std::vector<v1::Slot>& slots);

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_PREDICTIONS_SPEED_H_

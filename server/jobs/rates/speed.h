#ifndef SUMSCOPE_SERVER_JOBS_RATES_SPEED_H_
#define SUMSCOPE_SERVER_JOBS_RATES_SPEED_H_

#include <cstdint>
#include <string>
#include <vector>

#include "proto/contract/analyses/analysis_work.h"
#include "proto/contract/models/model_cost.h"
#include "sumscope/v1/spec.pb.h"
#include "sumscope/v1/system.pb.h"

namespace sumscope::jobs {

// How fast a slot computes, by a worker's calibration: a time for each operation and each value (model_cost.h).
struct Speed {
  bool measured = false;
  v1::Rates rates;

  // Of so many steps. What a step takes beside its work grows with the layers, whose calls it is.
  double TrainingSeconds(const v1::TrainSpec& spec, uint64_t steps) const;
  // Of work on a model of this spec, whose precision alone matters: doubles take twice as long.
  double AnalysisSeconds(const v1::TrainSpec& spec, const AnalysisWork& work) const;
  // Of one checkpoint: the held-out questions are answered.
  double CheckpointSeconds(const v1::TrainSpec& spec) const;
};

// What is assumed until a worker has measured: of so many threads.
Speed AssumedSpeed(uint32_t threads);

// The mean of what the slots' workers measured; the assumed speed of the first slot where none has.
Speed SpeedOf(const std::vector<v1::Slot>& slots);

// The same of the slots with this device and so many threads; of all, where none of these has measured.
Speed SpeedOf(const std::vector<v1::Slot>& slots, const std::string& device, uint32_t threads);

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_RATES_SPEED_H_

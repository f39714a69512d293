#ifndef SUMSCOPE_SERVER_RPC_PREDICTIONS_PREDICT_H_
#define SUMSCOPE_SERVER_RPC_PREDICTIONS_PREDICT_H_

#include <cstdint>

#include "absl/status/status.h"
#include "proto/contract/models/model_cost.h"
#include "server/jobs/rates/predictor.h"
#include "server/jobs/rates/speed.h"
#include "sumscope/v1/analyses.pb.h"
#include "sumscope/v1/runs.pb.h"

namespace sumscope::rpc {

using jobs::AssumedSpeed;
using jobs::Speed;
using jobs::SpeedOf;

inline constexpr uint64_t kLibraryBytes = uint64_t{600} << 20;  // LibTorch itself, resident

// What training a complete spec would need, from its shape (ours). Memory: weights, gradients and two moments, and the
// activations of one batch. Disk: the kept checkpoints, two resume states (one is being replaced) and the metrics.
// Time: that of the predictor, whichever slot it gets; or at a speed alone.
v1::Prediction PredictTraining(const v1::TrainSpec& spec, const jobs::Predictor& predictor);
v1::Prediction PredictTraining(const v1::TrainSpec& spec, const Speed& speed);

// What a complete analysis would need: its kind's cost, and the time as above. `uploaded_count`: questions of an
// uploaded set.
v1::AnalysisPrediction PredictAnalysis(const v1::TrainSpec& spec, const v1::AnalysisRequest& request,
                                       const v1::QuestionSet& questions, uint64_t uploaded_count,
                                       const jobs::Predictor& predictor);
v1::AnalysisPrediction PredictAnalysis(const v1::TrainSpec& spec, const v1::AnalysisRequest& request,
                                       const v1::QuestionSet& questions, uint64_t uploaded_count, const Speed& speed);

// RESOURCE_EXHAUSTED NOT_ENOUGH_MEMORY when what is predicted is more than the machine's `memory_bytes` (0: unknown).
absl::Status CheckMemory(uint64_t predicted_bytes, uint64_t memory_bytes);

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_PREDICTIONS_PREDICT_H_

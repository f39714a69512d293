#ifndef SUMSCOPE_SERVER_RPC_PREDICT_H_
#define SUMSCOPE_SERVER_RPC_PREDICT_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "proto/contract/model_cost.h"
#include "server/rpc/speed.h"
#include "sumscope/v1/analyses.pb.h"
#include "sumscope/v1/runs.pb.h"

namespace sumscope::rpc {

inline constexpr uint64_t kLibraryBytes = uint64_t{600} << 20;  // LibTorch itself, resident

// What training a complete spec would need, from its shape and the slots' speed (ours). Memory: weights, gradients and
// two moments, and the activations of one batch. Disk: the kept checkpoints, two resume states (one is being replaced)
// and the metrics.
v1::Prediction PredictTraining(const v1::TrainSpec& spec, const Speed& speed);

// What a complete analysis would need. `uploaded_count`: questions of an uploaded set. The work is that of
// proto/contract/analyses/analysis_work.h; the bytes of a capture are exact, but for class means, where every class is
// counted.
v1::AnalysisPrediction PredictAnalysis(const v1::TrainSpec& spec, const v1::AnalysisRequest& request,
                                       const v1::QuestionSet& questions, uint64_t uploaded_count, const Speed& speed);

// RESOURCE_EXHAUSTED NOT_ENOUGH_MEMORY when what is predicted is more than the machine's `memory_bytes` (0: unknown).
absl::Status CheckMemory(uint64_t predicted_bytes, uint64_t memory_bytes);

// Of each hook to capture, values of one question.
std::vector<double> CapturedValues(const v1::TrainSpec& spec, const v1::CaptureRequest& request);

// Bytes that a result takes at the least, as far as its request tells: of patches and imported tags; of others 0.
uint64_t LeastResultBytes(const v1::TrainSpec& spec, const v1::AnalysisRequest& request,
                          const v1::AnalysisPrediction& prediction);

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_PREDICT_H_

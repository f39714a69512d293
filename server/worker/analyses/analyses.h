#ifndef SUMSCOPE_SERVER_WORKER_ANALYSES_ANALYSES_H_
#define SUMSCOPE_SERVER_WORKER_ANALYSES_ANALYSES_H_

#include <string>

#include "absl/status/statusor.h"
#include "server/engine/data/generator.h"
#include "server/engine/model/transformer.h"
#include "server/engine/probing/progress.h"
#include "server/worker/link/task_sink.h"
#include "sumscope/v1/analyses.pb.h"
#include "sumscope/worker/v1/link.pb.h"

namespace sumscope::worker {

// What one analysis works with. The request is complete: the server fills every default.
struct AnalysisInput {
  const v1::AnalysisTask& task;
  const engine::Model& model;
  const engine::QuestionSource* questions;  // null for kinds that take none, and for `patch`, which takes pairs
  const torch::Tensor& metrics;             // F64 [steps, columns] for `phases`; else undefined
  const engine::ProgressFn& progress;
  TaskSink* sink;  // for `capture`

  const sumscope::v1::TrainSpec& spec() const { return task.spec(); }
  const sumscope::v1::AnalysisRequest& request() const { return task.request(); }
};

// One function per kind, each in a file of its own: takes the request from its message, calls the engine and makes the
// result's message. INVALID_ARGUMENT for what the message alone shows to be wrong; the engine's exceptions pass
// through.
using AnalysisOutcome = absl::StatusOr<sumscope::v1::AnalysisResult>;
AnalysisOutcome RunEvaluate(const AnalysisInput& input);
AnalysisOutcome RunAttention(const AnalysisInput& input);
AnalysisOutcome RunAblate(const AnalysisInput& input);
AnalysisOutcome RunUsefulNodes(const AnalysisInput& input);
AnalysisOutcome RunPatch(const AnalysisInput& input);
AnalysisOutcome RunSubtasks(const AnalysisInput& input);
AnalysisOutcome RunPca(const AnalysisInput& input);
AnalysisOutcome RunLinearProbe(const AnalysisInput& input);
AnalysisOutcome RunAttribution(const AnalysisInput& input);
AnalysisOutcome RunPhases(const AnalysisInput& input);
AnalysisOutcome RunCascades(const AnalysisInput& input);
AnalysisOutcome RunAlgorithm(const AnalysisInput& input);
AnalysisOutcome RunAsk(const AnalysisInput& input);
// Also sends the tensors, before its result.
AnalysisOutcome RunCapture(const AnalysisInput& input);

}  // namespace sumscope::worker

#endif  // SUMSCOPE_SERVER_WORKER_ANALYSES_ANALYSES_H_

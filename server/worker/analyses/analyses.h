#ifndef SUMSCOPE_SERVER_WORKER_ANALYSES_ANALYSES_H_
#define SUMSCOPE_SERVER_WORKER_ANALYSES_ANALYSES_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/engine/data/generator.h"
#include "server/engine/model/transformer.h"
#include "server/engine/probing/progress.h"
#include "server/worker/link/state_keeper.h"
#include "server/worker/link/task_sink.h"
#include "sumscope/v1/analyses.pb.h"
#include "sumscope/worker/v1/link.pb.h"

namespace sumscope::worker {

// What one analysis works with. The request is complete: the server fills every default.
struct AnalysisInput {
  const v1::AnalysisTask& task;
  const engine::Model& model;
  const engine::QuestionSource* questions;  // null for kinds that take none, and for those that take pairs
  const torch::Tensor& metrics;             // F64 [steps, columns] for kinds that need them; else undefined
  const engine::ProgressFn& progress;
  TaskSink* sink;       // for kinds that write a capture
  StateKeeper* keeper;  // for kinds that keep a state

  const sumscope::v1::TrainSpec& spec() const { return task.spec(); }
  const sumscope::v1::AnalysisRequest& request() const { return task.request(); }
};

using AnalysisOutcome = absl::StatusOr<sumscope::v1::AnalysisResult>;

// One function per kind, in the file of its name: it takes the request from its message, calls the engine and makes the
// result's message. Of a kind that writes a capture it also sends the tensors, before its result. INVALID_ARGUMENT for
// what the message alone shows to be wrong; the engine's exceptions pass through.
using RunAnalysis = AnalysisOutcome (*)(const AnalysisInput&);

// The runner of the kind called so, "useful_nodes"; null for a kind that this worker does not know.
RunAnalysis FindAnalysis(absl::string_view kind);

}  // namespace sumscope::worker

#endif  // SUMSCOPE_SERVER_WORKER_ANALYSES_ANALYSES_H_

// Sequences of messages of a worker that may lie, into the check that stands before the intake of a task. No lie that
// the model of the protocol knows is believed, and no honest worker is refused.
#include <string>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/models/complete_spec.h"
#include "server/jobs/intake/message_check.h"
#include "tests/fuzz/targets/support/input.h"
#include "tests/fuzz/targets/support/properties.h"
#include "tests/fuzz/targets/support/protocol_model.h"
#include "tests/fuzz/targets/support/worker_script.h"
#include "tests/fuzz/targets/target.h"

namespace sumscope::fuzz {
namespace {

using worker::v1::WorkerMessage;
using Kind = ProtocolModel::Kind;

jobs::Assignment AssignmentOf(const ProtocolModel::Task& task) {
  jobs::Assignment assignment;
  assignment.steps = task.steps;
  const v1::TrainSpec spec = CompleteSpec(v1::TrainSpec());
  if (task.kind == Kind::kTraining) {
    worker::v1::TrainTask* train = assignment.task.mutable_train();
    *train->mutable_spec() = spec;
    train->set_first_step(task.first_step);
    for (const uint64_t step : task.have_checkpoints) train->add_have_checkpoints(step);
    return assignment;
  }
  assignment.analysis_id = "a1b2c3d4";
  v1::AnalysisRequest* request = assignment.analysis.mutable_request();
  MutableKind(task.question, request);
  worker::v1::AnalysisTask* analysis = assignment.task.mutable_analysis();
  *analysis->mutable_spec() = spec;
  analysis->set_step(task.checkpoint_step);
  *analysis->mutable_request() = *request;
  return assignment;
}

// Takes what the server would give up a task at; false when nothing more of the task is heard.
bool Hear(const WorkerMessage& message, jobs::MessageCheck* check, ProtocolModel* model) {
  const std::string lie = model->Lie(message);
  const absl::Status checked = check->Check(message);
  if (checked.ok()) {
    Require(lie.empty(), absl::StrCat("a lie is believed: ", lie, "\n", message.DebugString()));
    model->Believe(message);
    return !message.has_finished();
  }
  Require(!lie.empty(),
          absl::StrCat("an honest message is refused: ", checked.ToString(), "\n", message.DebugString()));
  RequireToldWell(checked);
  RequireEqual(ErrorReason(checked), "WORKER_PROTOCOL", "a lie is told from other failures");
  return false;
}

}  // namespace

Corpus CorpusOfTarget() { return {SeedScripts(), ScriptWords()}; }

}  // namespace sumscope::fuzz

// A task, then a script of what its worker says.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sumscope;
  fuzz::Input input(data, size);
  fuzz::ProtocolModel model(fuzz::TakeTask(&input));
  jobs::MessageCheck check(fuzz::AssignmentOf(model.task()));
  for (int i = 0; i < fuzz::kMaxMessages && !input.AtEnd(); ++i) {
    if (!fuzz::Hear(fuzz::TakeMessage(&input, model), &check, &model)) break;
  }
  return 0;
}

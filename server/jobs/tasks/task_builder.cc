#include "server/jobs/tasks/task_builder.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/contract/analyses/kinds/kinds.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/names/resource_names.h"
#include "server/jobs/tasks/insert_source.h"
#include "server/jobs/tasks/task_tensors.h"

namespace sumscope::jobs {
namespace {

// Insert modes: the weights of the source, and which of its heads are written back.
absl::Status AddSource(Context* context, const v1::TrainSpec& spec, worker::v1::TrainTask* train,
                       TaskTensorsBuilder* tensors) {
  SUMSCOPE_ASSIGN_OR_RETURN(const CheckpointRef ref, ParseInitFrom(spec.init_from()));
  const uint64_t step = ref.step.value_or(0);
  SUMSCOPE_ASSIGN_OR_RETURN(const auto file, context->run_files->Open(ref.run));
  SUMSCOPE_ASSIGN_OR_RETURN(const storage::TensorSet set, file->GetTensorSet(storage::TensorSetKind::kWeights, step));
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run source, file->GetRun());
  *train->mutable_source_spec() = source.spec();
  if (spec.insert_mode() == v1::INSERT_USEFUL_HEADS) {
    SUMSCOPE_ASSIGN_OR_RETURN(const auto heads, UsefulHeads(file.get(), source.spec(), ref.run, step));
    for (const std::string& head : heads) train->add_source_nodes(head);
  }
  tensors->AddStored(file, set, "source.");
  return absl::OkStatus();
}

absl::Status AddTraining(Context* context, const JobWithSubject& target, Assignment* assignment) {
  storage::RunFile* file = assignment->file.get();
  SUMSCOPE_RETURN_IF_ERROR(file->DiscardUnfinishedTensorSets().status());
  SUMSCOPE_ASSIGN_OR_RETURN(assignment->facts, ReadFacts(file));
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run description, file->GetRun());
  if (description.segments_size() > 0) assignment->task.set_threads(description.segments(0).threads());
  worker::v1::TrainTask* train = assignment->task.mutable_train();
  *train->mutable_spec() = target.run.spec();
  train->set_resume_interval_seconds(context->options.resume_interval_seconds);
  SUMSCOPE_ASSIGN_OR_RETURN(const auto checkpoints, file->ListTensorSets(storage::TensorSetKind::kWeights));
  for (const storage::TensorSet& set : checkpoints) train->add_have_checkpoints(set.step);
  SUMSCOPE_ASSIGN_OR_RETURN(const auto resume_states, file->ListTensorSets(storage::TensorSetKind::kResumeState));
  TaskTensorsBuilder tensors;
  if (!resume_states.empty()) {
    train->set_first_step(resume_states.back().step);
    tensors.AddStored(assignment->file, resume_states.back(), "");
  }
  if (train->spec().insert_mode() > v1::INSERT_NONE) {
    SUMSCOPE_RETURN_IF_ERROR(AddSource(context, train->spec(), train, &tensors));
  }
  if (tensors.empty()) return absl::OkStatus();
  assignment->tensors = std::move(tensors).Build(resume_states.empty() ? worker::v1::INPUTS : worker::v1::RESUME_STATE,
                                                 train->first_step());
  return absl::OkStatus();
}

// What an earlier attempt had counted when it was lost.
absl::Status AddLastState(Context* context, const std::string& job, worker::v1::AnalysisTask* task) {
  SUMSCOPE_ASSIGN_OR_RETURN(const std::optional<storage::PartialResult> partial,
                            ReadCatalog<std::optional<storage::PartialResult>>(
                                context->catalog, [&](auto& reader) { return reader.jobs().GetPartialResult(job); }));
  if (!partial.has_value()) return absl::OkStatus();
  task->mutable_last_state()->set_fits(partial->fits);
  task->mutable_last_state()->set_done(partial->done);
  task->mutable_last_state()->set_state(partial->state);
  return absl::OkStatus();
}

absl::Status AddAnalysis(Context* context, const JobWithSubject& target, Assignment* assignment) {
  SUMSCOPE_ASSIGN_OR_RETURN(assignment->analysis, assignment->file->GetAnalysis(target.job.analysis));
  const v1::Analysis& analysis = assignment->analysis;
  SUMSCOPE_ASSIGN_OR_RETURN(const CheckpointRef checkpoint, ParseCheckpointName(analysis.checkpoint()));
  SUMSCOPE_ASSIGN_OR_RETURN(
      const storage::TensorSet set,
      assignment->file->GetTensorSet(storage::TensorSetKind::kWeights, checkpoint.step.value_or(0)));
  worker::v1::AnalysisTask* task = assignment->task.mutable_analysis();
  *task->mutable_spec() = target.run.spec();
  task->set_step(set.step);
  *task->mutable_request() = analysis.request();
  *task->mutable_question_set() = analysis.question_set();
  if (KindOf(task->request()).keeps_state()) {
    task->set_state_key(absl::StrCat(analysis.key(), " ", set.sha256));
    SUMSCOPE_RETURN_IF_ERROR(AddLastState(context, target.job.id, task));
  }
  TaskTensorsBuilder tensors;
  tensors.AddStored(assignment->file, set, "");
  if (KindOf(task->request()).needs_metrics()) {
    std::vector<std::string> columns;
    SUMSCOPE_RETURN_IF_ERROR(tensors.AddMetrics(assignment->file, set.step, &columns));
    for (std::string& column : columns) task->add_metric_columns(std::move(column));
  }
  if (task->question_set().has_uploaded()) {
    SUMSCOPE_ASSIGN_OR_RETURN(std::string text, context->question_sets->Get(task->question_set().uploaded().sha256()));
    tensors.AddText("questions", std::move(text));
  }
  assignment->tensors = std::move(tensors).Build(worker::v1::WEIGHTS, set.step);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Assignment> BuildAssignment(Context* context, const JobWithSubject& target) {
  Assignment assignment;
  assignment.job = target.job.id;
  assignment.run = target.job.run;
  assignment.analysis_id = target.job.analysis;
  assignment.steps = target.run.spec().steps();
  assignment.task.set_task_id(absl::StrCat(target.job.id, ".", target.job.segment + 1));
  // Only a first start makes the file: later, a missing one is lost, and nothing is trained anew in silence.
  const bool first = target.of_training() && target.job.segment == 0;
  if (first && !context->run_files->Exists(target.job.run)) {
    SUMSCOPE_ASSIGN_OR_RETURN(assignment.file, context->run_files->Create(target.run));
  } else {
    SUMSCOPE_ASSIGN_OR_RETURN(assignment.file, context->run_files->Open(target.job.run));
  }
  SUMSCOPE_RETURN_IF_ERROR(target.of_training() ? AddTraining(context, target, &assignment)
                                                : AddAnalysis(context, target, &assignment));
  assignment.task.set_has_tensors(assignment.tensors.has_value());
  return assignment;
}

}  // namespace sumscope::jobs

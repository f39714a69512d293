#include "server/jobs/tasks/task_builder.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/base/status_macros.h"
#include "proto/contract/resource_names.h"

namespace sumscope::jobs {
namespace {

workers::TaskTensors TensorsOf(std::shared_ptr<storage::RunFile> file, const storage::TensorSet& set,
                               worker::v1::TensorSetKind kind) {
  workers::TaskTensors tensors;
  tensors.begin.set_kind(kind);
  tensors.begin.set_step(set.step);
  for (const storage::StoredTensor& tensor : set.tensors) {
    worker::v1::TensorInfo* info = tensors.begin.add_tensors();
    info->set_name(tensor.name);
    info->set_dtype(tensor.dtype);
    for (const uint64_t dimension : tensor.shape) info->add_shape(dimension);
    info->set_bytes(tensor.bytes);
  }
  tensors.data_bytes = set.data_bytes;
  tensors.read = [file = std::move(file), id = set.id](uint64_t offset, uint64_t length) {
    return file->ReadTensorBytes(id, offset, length);
  };
  return tensors;
}

absl::Status AddTraining(Context* context, const Target& target, Assignment* assignment) {
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
  if (resume_states.empty()) return absl::OkStatus();
  train->set_first_step(resume_states.back().step);
  assignment->tensors = TensorsOf(assignment->file, resume_states.back(), worker::v1::RESUME_STATE);
  return absl::OkStatus();
}

absl::Status AddAnalysis(const Target& target, Assignment* assignment) {
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
  assignment->tensors = TensorsOf(assignment->file, set, worker::v1::WEIGHTS);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Assignment> BuildAssignment(Context* context, const Target& target) {
  Assignment assignment;
  assignment.job = target.job.id;
  assignment.run = target.job.run;
  assignment.analysis_id = target.job.analysis;
  assignment.steps = target.run.spec().steps();
  assignment.task.set_task_id(absl::StrCat(target.job.id, ".", target.job.segment + 1));
  if (target.of_training() && !context->run_files->Exists(target.job.run)) {
    SUMSCOPE_ASSIGN_OR_RETURN(assignment.file, context->run_files->Create(target.run));
  } else {
    SUMSCOPE_ASSIGN_OR_RETURN(assignment.file, context->run_files->Open(target.job.run));
  }
  SUMSCOPE_RETURN_IF_ERROR(target.of_training() ? AddTraining(context, target, &assignment)
                                                : AddAnalysis(target, &assignment));
  assignment.task.set_has_tensors(assignment.tensors.has_value());
  return assignment;
}

}  // namespace sumscope::jobs

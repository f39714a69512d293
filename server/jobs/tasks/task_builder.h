#ifndef SUMSCOPE_SERVER_JOBS_TASKS_TASK_BUILDER_H_
#define SUMSCOPE_SERVER_JOBS_TASKS_TASK_BUILDER_H_

#include <memory>
#include <optional>

#include "server/jobs/state/context.h"
#include "server/jobs/state/transitions.h"
#include "server/jobs/tasks/run_facts.h"

namespace sumscope::jobs {

// A job's next start: what the worker gets, and what taking in its answers needs.
struct Assignment {
  std::string job;
  std::string run;
  std::string analysis_id;  // empty: a training
  v1::Analysis analysis;    // as the file has it
  uint64_t steps = 0;       // of the training
  worker::v1::Task task;
  std::optional<workers::TaskTensors> tensors;
  std::shared_ptr<storage::RunFile> file;  // shared with readers
  RunFacts facts;
};

// Builds the task for the job's next segment, from its resume state (a training) or checkpoint (an analysis), with what
// else it needs: weights of a source, metrics, uploaded questions. Creates the run's file at its first start. Errors
// are those of the run files and of the question sets.
absl::StatusOr<Assignment> BuildAssignment(Context* context, const JobWithSubject& target);

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_TASKS_TASK_BUILDER_H_

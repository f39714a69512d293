#ifndef SUMSCOPE_SERVER_JOBS_INTAKE_TASK_INTAKE_H_
#define SUMSCOPE_SERVER_JOBS_INTAKE_TASK_INTAKE_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/jobs/intake/capture_intake.h"
#include "server/jobs/intake/message_check.h"
#include "server/jobs/intake/record_end.h"
#include "server/jobs/intake/storage_patience.h"
#include "server/jobs/state/context.h"
#include "server/jobs/tasks/run_facts.h"
#include "server/jobs/tasks/task_builder.h"

namespace sumscope::jobs {

// Takes in what one task's worker sends: checks it, makes it durable, tells watchers, then acknowledges it; and records
// the task's end. Storage that refuses for now is waited for. After a failure, or a message that no worker sends, or
// when another file was put in the place of the one that it began to write, it takes nothing more and ends the task.
// Confined to its slot's ingest thread.
class TaskIntake {
 public:
  TaskIntake(Context* context, std::string slot, Assignment assignment);

  const std::string& task_id() const { return task_id_; }
  const std::string& job() const { return assignment_.job; }
  // Whether it ended because its storage refused for now.
  bool refused() const { return refused_; }

  // RUNNING, in file and catalog.
  void Start(const worker::v1::WorkerMessage& message);
  // Commits messages that are neither started nor finished, in one write.
  void Take(const std::vector<worker::v1::WorkerMessage>& messages);
  // Puts a line of the server's own into the run's log; best effort.
  void Note(const std::string& severity, const std::string& text);
  // How the task ended. Each returns the job as recorded (QUEUED: to be queued again), or why it could not be recorded.
  absl::StatusOr<storage::Job> Finish(const worker::v1::WorkerMessage& message);
  absl::StatusOr<storage::Job> Lose(const std::string& reason, const std::string& detail);

 private:
  // What a group of messages changes, kept only when its write was committed.
  struct State {
    RunFacts facts;
    uint64_t step = 0;           // of this segment: steps done
    std::optional<double> loss;  // of the last of these
    std::optional<double> steps_per_second;
    double step_seconds = 0;  // within steps, of this segment
    std::optional<int64_t> open_set;
    storage::TensorSetKind open_kind = storage::TensorSetKind::kWeights;
    uint64_t open_step = 0;
    bool catalog_is_behind = false;  // a checkpoint came since the run's row was written
    bool progressed = false;
    double analysis_fraction = 0;
    v1::AnalysisResult result;
  };
  absl::Status TakeCapture(const std::vector<worker::v1::WorkerMessage>& messages);
  absl::Status Apply(const worker::v1::WorkerMessage& message, storage::RunFileTransaction& transaction, State* state);
  absl::Status ApplyMetrics(const v1::MetricBlock& block, storage::RunFileTransaction& transaction, State* state);
  absl::Status ApplyTiming(const v1::MetricBlock& block, storage::RunFileTransaction& transaction, State* state);
  absl::Status BeginSet(const worker::v1::TensorSetBegin& begin, storage::RunFileTransaction& transaction,
                        State* state);
  absl::Status EndSet(const worker::v1::TensorSetEnd& end, storage::RunFileTransaction& transaction, State* state);
  absl::Status ApplyResult(const v1::AnalysisResult& result, storage::RunFileTransaction& transaction, State* state);
  absl::Status Log(storage::RunFileTransaction& transaction, const std::string& severity, const std::string& text,
                   std::optional<uint64_t> checkpoint_step = std::nullopt);

  absl::Status StartTraining(const v1::Attempt& provenance);
  absl::Status SetRunning();
  absl::Status Commit(const std::vector<worker::v1::WorkerMessage>& messages, State* next);
  // The last state among them into the catalog.
  absl::Status KeepState(const std::vector<worker::v1::WorkerMessage>& messages);
  void ShowProgress();
  // The run's row follows each checkpoint: they are few, three a decade of steps.
  void RefreshCatalog();
  absl::Status CheckSameFile() const;
  // OK when everything that makes the task's success is stored.
  absl::Status CheckComplete();
  TaskEnd EndOf(const worker::v1::Finished& finished);
  // The end of a task whose device is gone, however its worker took that; empty where it is there.
  std::optional<TaskEnd> DeviceLost();
  // Records a success; gives up as StoragePatience does.
  absl::StatusOr<storage::Job> Succeed();
  absl::StatusOr<storage::Job> Record(const TaskEnd& end);
  EndFacts FactsOfEnd();
  // How long the segment took, or the analysis that succeeded, to predict others by.
  void LearnRates(const worker::v1::Finished& finished);
  // What an error makes of the task: a lie is a failed attempt, storage that was waited for in vain nobody's failure.
  TaskEnd EndBy(const absl::Status& status);
  // Ends the task with what the worker sends from here on unheard.
  void Fail(const absl::Status& status);
  void Acknowledge(uint64_t sequence);

  Context* const context_;
  const std::string slot_;
  const Assignment assignment_;
  const std::string task_id_;
  const uint64_t incarnation_;  // of the file that the task was made from

  MessageCheck check_;
  StoragePatience patience_;
  State state_;
  bool started_ = false;
  absl::Duration start_, refresh_at_;
  Place place_;                             // where the worker computes
  v1::Provenance provenance_;               // of an analysis
  std::unique_ptr<CaptureIntake> capture_;  // of a capture
  std::optional<TaskEnd> failure_;
  bool refused_ = false;
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_INTAKE_TASK_INTAKE_H_

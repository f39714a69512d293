#include "server/jobs/intake/task_intake.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/analyses/kinds/kinds.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/names/resource_names.h"
#include "proto/contract/questions/question_sets.h"
#include "server/jobs/intake/protocol_error.h"
#include "server/jobs/state/reasons.h"

namespace sumscope::jobs {
namespace {

// After the catalog refused a checkpoint's figures: each try may wait as long as SQLite does.
constexpr absl::Duration kRefreshDelay = absl::Seconds(3);

bool IsTensorPart(const worker::v1::WorkerMessage& message) {
  return message.has_tensor_set_begin() || message.has_tensor_chunk() || message.has_tensor_set_end();
}

bool NeedsFile(const worker::v1::WorkerMessage& message) {
  return message.has_metrics() || message.has_timing() || IsTensorPart(message) || message.has_log() ||
         message.has_analysis_result();
}

// Of the questions, where the task goes on from a state and their number is known.
double FractionDone(const worker::v1::AnalysisTask& task) {
  const std::optional<uint64_t> count =
      task.has_last_state() ? CountQuestions(task.spec(), task.question_set()) : std::nullopt;
  if (count.value_or(0) == 0) return 0;
  return std::min(1.0, static_cast<double>(task.last_state().done()) / static_cast<double>(*count));
}

}  // namespace

TaskIntake::TaskIntake(Context* context, std::string slot, Assignment assignment)
    : context_(context),
      slot_(std::move(slot)),
      assignment_(std::move(assignment)),
      task_id_(assignment_.task.task_id()),
      incarnation_(assignment_.file == nullptr ? 0 : assignment_.file->Incarnation()),
      check_(assignment_),
      patience_(context, {slot_, assignment_.job, assignment_.run, assignment_.analysis_id}, assignment_.file),
      start_(context->clock->Monotonic()),
      refresh_at_(start_) {
  state_.facts = assignment_.facts;
  state_.step = assignment_.task.train().first_step();
  state_.analysis_fraction = FractionDone(assignment_.task.analysis());
  if (KindOf(assignment_.analysis.request()).writes_capture()) {
    capture_ = std::make_unique<CaptureIntake>(context, assignment_.run, assignment_.analysis_id);
  }
}

void TaskIntake::Acknowledge(uint64_t sequence) {
  if (sequence > 0) context_->pool->Acknowledge(slot_, task_id_, sequence);
}

TaskEnd TaskIntake::EndBy(const absl::Status& status) {
  using Kind = TaskEnd::Kind;
  const std::string reason = StorageReason(status);
  const bool lie = reason == reasons::kWorkerProtocol;
  const Kind kind = lie                                    ? Kind::kFailedRetryable
                    : StoragePatience::MayTryAgain(status) ? Kind::kReturned
                                                           : Kind::kFailed;
  refused_ = kind == Kind::kReturned;
  return {kind, reason, std::string(status.message())};
}

void TaskIntake::Fail(const absl::Status& status) {
  failure_ = EndBy(status);
  capture_.reset();
  context_->pool->Cancel(slot_, task_id_);
}

void TaskIntake::Start(const worker::v1::WorkerMessage& message) {
  if (failure_.has_value()) return;
  if (const absl::Status checked = check_.Check(message); !checked.ok()) return Fail(checked);
  const v1::Attempt& provenance = message.started().provenance();
  place_ = {provenance.device(), provenance.threads()};
  absl::Status status = absl::OkStatus();
  if (assignment_.analysis_id.empty()) {
    status = StartTraining(provenance);
  } else {
    provenance_.set_git_hash(provenance.git_hash());
    provenance_.set_sumscope_version(provenance.sumscope_version());
    provenance_.set_torch_version(provenance.torch_version());
    provenance_.set_host(provenance.host());
    provenance_.set_device(provenance.device());
    provenance_.set_threads(provenance.threads());
    provenance_.set_algorithm_version(KindOf(assignment_.analysis.request()).version());
    status = patience_.Outlast([this] { return SetRunning(); });
  }
  if (!status.ok()) return Fail(status);
  started_ = true;
  start_ = context_->clock->Monotonic();
  if (state_.analysis_fraction > 0) ShowProgress();
  Acknowledge(message.sequence());
  context_->hub->Notify(assignment_.run);
}

absl::Status TaskIntake::StartTraining(const v1::Attempt& provenance) {
  const absl::Time now = context_->clock->Now();
  bool mixed = false;
  const auto describe = [&](const v1::Run& catalog, v1::Run* description) {
    const auto segments = description->segments();
    *description = catalog;
    *description->mutable_segments() = segments;
    v1::Attempt* segment = description->add_segments();
    *segment = provenance;
    segment->set_segment(catalog.segment());
    segment->set_attempt(catalog.attempt());
    *segment->mutable_start_time() = ToTimestamp(now);
    segment->set_first_step(assignment_.task.train().first_step());
    for (const v1::Attempt& earlier : segments) {
      mixed |= earlier.isa_level() != provenance.isa_level() || earlier.device() != provenance.device();
    }
    description->set_mixed_hardware(mixed);
    description->set_state(v1::RUNNING);
    description->clear_state_reason();
    description->clear_state_detail();
    if (!description->has_start_time()) *description->mutable_start_time() = ToTimestamp(now);
  };
  // A file that another program has open for a moment is no reason to give the run up.
  SUMSCOPE_RETURN_IF_ERROR(patience_.Outlast([&] {
    return ChangeDescription(context_, assignment_.run, assignment_.file.get(), describe,
                             [this](storage::RunFileTransaction&) { return CheckSameFile(); });
  }));
  return patience_.Outlast([&]() -> absl::Status {
    SUMSCOPE_RETURN_IF_ERROR(SetRunning());
    if (!mixed) return absl::OkStatus();
    return context_->catalog->Write([&](storage::CatalogTransaction& transaction) -> absl::Status {
      SUMSCOPE_ASSIGN_OR_RETURN(v1::Run run, transaction.runs().Get(storage::Viewer::Server(), assignment_.run));
      run.set_mixed_hardware(true);
      return transaction.runs().Update(run);
    });
  });
}

absl::Status TaskIntake::SetRunning() {
  const std::optional<uint64_t> log_entries = LogEntriesOf(assignment_.file.get());
  return context_->catalog->Write([&](storage::CatalogTransaction& transaction) -> absl::Status {
    SUMSCOPE_ASSIGN_OR_RETURN(JobWithSubject target, LoadJobWithSubject(transaction, assignment_.job));
    if (target.job.state != v1::STARTING) return absl::OkStatus();  // cancelled meanwhile
    target.log_entries = log_entries;
    return Change(transaction, context_->clock->Now(), &target, v1::RUNNING, "", "");
  });
}

absl::Status TaskIntake::Commit(const std::vector<worker::v1::WorkerMessage>& messages, State* next) {
  const bool to_file = std::any_of(messages.begin(), messages.end(), [this](const auto& message) {
    return NeedsFile(message) && (capture_ == nullptr || !IsTensorPart(message));
  });
  if (!to_file) return absl::OkStatus();
  return assignment_.file->Write([&](storage::RunFileTransaction& transaction) -> absl::Status {
    SUMSCOPE_RETURN_IF_ERROR(CheckSameFile());
    *next = state_;
    for (const worker::v1::WorkerMessage& message : messages) {
      if (capture_ != nullptr && IsTensorPart(message)) continue;
      SUMSCOPE_RETURN_IF_ERROR(Apply(message, transaction, next));
    }
    return absl::OkStatus();
  });
}

absl::Status TaskIntake::KeepState(const std::vector<worker::v1::WorkerMessage>& messages) {
  const auto last = std::find_if(messages.rbegin(), messages.rend(),
                                 [](const auto& message) { return message.has_analysis_state(); });
  if (last == messages.rend()) return absl::OkStatus();
  const worker::v1::AnalysisState& state = last->analysis_state();
  return context_->catalog->Write([&](storage::CatalogTransaction& transaction) {
    return transaction.jobs().PutPartialResult(assignment_.job, {state.fits(), state.done(), state.state()});
  });
}

void TaskIntake::Take(const std::vector<worker::v1::WorkerMessage>& messages) {
  if (failure_.has_value()) return;
  for (const worker::v1::WorkerMessage& message : messages) {
    if (const absl::Status checked = check_.Check(message); !checked.ok()) return Fail(checked);
  }
  if (const absl::Status captured = TakeCapture(messages); !captured.ok()) {
    Fail(captured);
    // What is in its file already cannot be written a second time: it begins anew, as often as other failures may.
    if (failure_->kind == TaskEnd::Kind::kReturned) failure_->kind = TaskEnd::Kind::kFailedRetryable;
    return;
  }
  State next = state_;
  if (const absl::Status stored = patience_.Outlast([&] { return Commit(messages, &next); }); !stored.ok()) {
    return Fail(stored);
  }
  KeepState(messages).IgnoreError();  // the next one holds all of it; without any the next attempt starts anew
  uint64_t last_sequence = 0;
  for (const worker::v1::WorkerMessage& message : messages) {
    if (message.has_analysis_progress()) {
      next.analysis_fraction = std::min(1.0, message.analysis_progress().fraction());
    }
    last_sequence = std::max(last_sequence, message.sequence());
  }
  state_ = std::move(next);
  ShowProgress();    // it waits for no catalog
  RefreshCatalog();  // before the worker hears: the run shows what is acknowledged, unless the catalog refuses
  Acknowledge(last_sequence);
}

void TaskIntake::Note(const std::string& severity, const std::string& text) {
  if (failure_.has_value()) return;
  worker::v1::WorkerMessage message;
  message.mutable_log()->set_severity(severity);
  message.mutable_log()->set_text(text);
  State next = state_;
  if (Commit({message}, &next).ok()) state_ = std::move(next);
}

// A capture's tensors go into a file of their own, outside any transaction, before the result that names them.
absl::Status TaskIntake::TakeCapture(const std::vector<worker::v1::WorkerMessage>& messages) {
  if (capture_ == nullptr) return absl::OkStatus();
  for (const worker::v1::WorkerMessage& message : messages) {
    if (IsTensorPart(message)) SUMSCOPE_RETURN_IF_ERROR(capture_->Take(message));
  }
  return absl::OkStatus();
}

void TaskIntake::ShowProgress() {
  if (!assignment_.analysis_id.empty()) {
    context_->hub->SetAnalysisProgress(assignment_.run, AnalysisName(assignment_.run, assignment_.analysis_id),
                                       state_.analysis_fraction);
    return;
  }
  if (!state_.progressed) return context_->hub->Notify(assignment_.run);
  v1::Progress progress;
  progress.set_step(state_.step);
  progress.set_steps(assignment_.steps);
  progress.set_loss(state_.loss.value_or(0));
  if (state_.steps_per_second.value_or(0) > 0) {
    progress.set_steps_per_second(*state_.steps_per_second);
    progress.set_eta_seconds(static_cast<double>(assignment_.steps - std::min(assignment_.steps, state_.step)) /
                             *state_.steps_per_second);
  }
  context_->hub->SetProgress(assignment_.run, progress);
}

void TaskIntake::RefreshCatalog() {
  if (!state_.catalog_is_behind || context_->clock->Monotonic() < refresh_at_) return;
  const absl::Status status = context_->catalog->Write([&](storage::CatalogTransaction& transaction) -> absl::Status {
    SUMSCOPE_ASSIGN_OR_RETURN(v1::Run run, transaction.runs().Get(storage::Viewer::Server(), assignment_.run));
    SUMSCOPE_RETURN_IF_ERROR(state_.facts.PutInto(transaction, assignment_.run, &run));
    return transaction.runs().Update(run);
  });
  state_.catalog_is_behind = !status.ok();
  if (!status.ok()) refresh_at_ = context_->clock->Monotonic() + kRefreshDelay;
  if (status.ok()) context_->hub->Notify(assignment_.run);
}

absl::Status TaskIntake::CheckSameFile() const { return jobs::CheckSameFile(assignment_.file.get(), incarnation_); }

absl::Status TaskIntake::CheckComplete() {
  const auto incomplete = [](const std::string& text) {
    return MakeError(absl::StatusCode::kFailedPrecondition, reasons::kRunIncomplete, text);
  };
  if (!assignment_.analysis_id.empty()) {
    return state_.result.kind_case() == v1::AnalysisResult::KIND_NOT_SET ? incomplete("no result came")
                                                                         : absl::OkStatus();
  }
  if (state_.open_set.has_value()) return incomplete("a tensor set has no end");
  SUMSCOPE_ASSIGN_OR_RETURN(const uint64_t steps, assignment_.file->MetricSteps(storage::Series::kDeterministic));
  SUMSCOPE_RETURN_IF_ERROR(CheckSameFile());
  if (steps != assignment_.steps) {
    return incomplete(absl::StrCat("metrics of ", steps, " steps came, expected ", assignment_.steps));
  }
  const absl::Status weights =
      assignment_.file->GetTensorSet(storage::TensorSetKind::kWeights, assignment_.steps).status();
  return absl::IsNotFound(weights) ? incomplete(std::string(weights.message())) : weights;
}

TaskEnd TaskIntake::EndOf(const worker::v1::Finished& finished) {
  using worker::v1::Finished;
  using Kind = TaskEnd::Kind;
  if (finished.outcome() == Finished::CANCELLED) return {Kind::kCancelled, finished.reason(), finished.detail()};
  if (finished.outcome() == Finished::STOPPED) {
    if (context_->draining) return {Kind::kReturned, reasons::kDrained, finished.detail()};
    if (const auto asked = context_->asked_stops.Find(task_id_)) return {Kind::kReturned, asked->reason, asked->detail};
    return {Kind::kLost, reasons::kWorkerLost, "the worker gave the task back, and nobody had asked it to"};
  }
  if (const auto gone = DeviceLost()) return *gone;
  return {finished.retryable() ? Kind::kFailedRetryable : Kind::kFailed,
          finished.reason().empty() ? reasons::kWorkerFailed : finished.reason(), finished.detail()};
}

std::optional<TaskEnd> TaskIntake::DeviceLost() {
  const auto stop = context_->asked_stops.Find(task_id_);
  if (!stop.has_value() || stop->reason != reasons::kDeviceLost) return std::nullopt;
  return TaskEnd{TaskEnd::Kind::kReturned, stop->reason, stop->detail};
}

absl::StatusOr<storage::Job> TaskIntake::Finish(const worker::v1::WorkerMessage& message) {
  if (failure_.has_value()) return Record(*failure_);
  if (const absl::Status checked = check_.Check(message); !checked.ok()) return Record(EndBy(checked));
  const bool done = message.finished().outcome() == worker::v1::Finished::DONE;
  absl::StatusOr<storage::Job> job = done ? Succeed() : Record(EndOf(message.finished()));
  if (job.ok()) Acknowledge(message.sequence());
  LearnRates(message.finished());
  return job;
}

void TaskIntake::LearnRates(const worker::v1::Finished& finished) {
  const double seconds = absl::ToDoubleSeconds(context_->clock->Monotonic() - start_);
  absl::Status learnt;
  if (assignment_.analysis_id.empty()) {
    const worker::v1::TrainTask& train = assignment_.task.train();
    learnt = context_->predictor.Learn(
        DoneTraining{train.spec(), place_, train.first_step(), state_.step, state_.step_seconds, seconds});
  } else if (finished.outcome() == worker::v1::Finished::DONE && !assignment_.task.analysis().has_last_state()) {
    learnt = context_->predictor.Learn(
        DoneAnalysis{assignment_.task.analysis().spec(), place_, assignment_.analysis, seconds});
  }
  learnt.IgnoreError();  // what the catalog does not keep, the next one tells again
}

absl::StatusOr<storage::Job> TaskIntake::Succeed() {
  absl::StatusOr<storage::Job> job = absl::InternalError("not recorded");
  bool over = false;
  EndFacts facts = FactsOfEnd();
  facts.keep_success = true;
  const absl::Status status = patience_.Outlast([&]() -> absl::Status {
    SUMSCOPE_RETURN_IF_ERROR(CheckComplete());
    job = RecordEnd(context_, kUntilInterrupted, assignment_.job, {TaskEnd::Kind::kDone, "", ""}, facts);
    // It has ended otherwise, is gone, or its success is in the file and the next start's recovery follows that.
    over = job.ok() || context_->interrupt.IsSet() || !StoragePatience::Passes(job.status());
    return over ? absl::OkStatus() : job.status();
  });
  return over ? job : Record(EndBy(status));
}

absl::StatusOr<storage::Job> TaskIntake::Lose(const std::string& reason, const std::string& detail) {
  if (failure_.has_value()) return Record(*failure_);
  if (reason == reasons::kTensorsUnreadable) {
    return Record({TaskEnd::Kind::kFailed, reasons::kRunFileCorrupt, detail});
  }
  if (const auto gone = DeviceLost()) return Record(*gone);
  if (reason == reasons::kDeviceLost) return Record({TaskEnd::Kind::kReturned, reason, detail});
  // It was asked to save its state and did not come to it in time, which others may have kept it from.
  const auto stop = context_->asked_stops.Find(task_id_);
  if (stop.has_value() && reason == reasons::kWorkerKilled) {
    return Record({TaskEnd::Kind::kReturned, stop->reason, absl::StrCat(stop->detail, "; ", detail)});
  }
  const bool asked = reason == reasons::kPoolShutdown || context_->draining;
  return Record(asked ? TaskEnd{TaskEnd::Kind::kReturned, reasons::kDrained, absl::StrCat(reason, ": ", detail)}
                      : TaskEnd{TaskEnd::Kind::kLost, reason, detail});
}

EndFacts TaskIntake::FactsOfEnd() {
  capture_.reset();  // what it holds unfinished is gone before anybody hears of the end
  EndFacts facts;
  facts.file = assignment_.file;
  facts.incarnation = incarnation_;
  if (assignment_.analysis_id.empty()) {
    facts.run = state_.facts;
    if (assignment_.file != nullptr && !CheckSameFile().ok()) {
      if (const auto there = ReadFacts(assignment_.file.get()); there.ok()) facts.run = *there;  // what is left
    }
  } else {
    provenance_.set_seconds(absl::ToDoubleSeconds(context_->clock->Monotonic() - start_));
    *facts.analysis.mutable_provenance() = provenance_;
    *facts.analysis.mutable_result() = state_.result;
  }
  return facts;
}

absl::StatusOr<storage::Job> TaskIntake::Record(const TaskEnd& end) {
  return RecordEnd(context_, kUntilInterrupted, assignment_.job, end, FactsOfEnd());
}

}  // namespace sumscope::jobs

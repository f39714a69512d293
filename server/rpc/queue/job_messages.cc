#include "server/rpc/queue/job_messages.h"

#include <algorithm>

#include "proto/contract/base/timestamp.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/names/resource_names.h"
#include "proto/contract/names/states.h"
#include "server/rpc/queue/explain_text.h"

namespace sumscope::rpc {

absl::Status JobMessages::Begin() {
  SUMSCOPE_ASSIGN_OR_RETURN(record_, ReadRecord(reader_));
  return absl::OkStatus();
}

absl::StatusOr<const std::optional<JobMessages::Subject>*> JobMessages::Find(const std::string& run) {
  const auto [entry, is_new] = subjects_.try_emplace(run);
  if (!is_new) return &entry->second;
  const absl::StatusOr<v1::Run> found = reader_.runs().Get(viewer_, run);
  // Of a row that cannot be read nothing is told either: the others are worth showing without it.
  if (absl::IsNotFound(found.status()) || absl::IsDataLoss(found.status())) return &entry->second;
  SUMSCOPE_RETURN_IF_ERROR(found.status());
  entry->second = Subject{found->model_name(), found->spec().steps(), found->job(), found->owner()};
  return &entry->second;
}

absl::StatusOr<bool> JobMessages::SeesSweep(const std::string& sweep) {
  const auto [entry, is_new] = sweeps_.try_emplace(sweep, false);
  if (!is_new) return entry->second;
  const absl::Status found = reader_.sweeps().Get(viewer_, sweep).status();
  if (!found.ok() && !absl::IsNotFound(found)) return found;
  return entry->second = found.ok();
}

absl::StatusOr<std::string> JobMessages::WhatOf(const storage::Job& row, const Subject& subject) {
  if (row.analysis.empty()) return subject.model_name;
  const absl::StatusOr<v1::Analysis> analysis = reader_.analyses().Get(viewer_, row.run, row.analysis);
  if (absl::IsNotFound(analysis.status())) return std::string();  // deleted meanwhile
  SUMSCOPE_RETURN_IF_ERROR(analysis.status());
  return analysis->analysis();
}

double JobMessages::ProgressOf(const storage::Job& row, const Subject& subject) {
  if (row.state != v1::RUNNING && row.state != v1::CANCELLING) return row.state == v1::SUCCEEDED ? 1 : 0;
  if (!row.analysis.empty()) return hub_.AnalysisProgress(AnalysisName(row.run, row.analysis));
  v1::Progress progress;
  if (subject.steps == 0 || !hub_.GetProgress(row.run, &progress)) return 0;
  return std::min(1.0, static_cast<double>(progress.step()) / static_cast<double>(subject.steps));
}

absl::Status JobMessages::AddLinks(const storage::Job& row, v1::Job* job) {
  for (const std::string& run : row.dependencies) {
    SUMSCOPE_ASSIGN_OR_RETURN(const auto* const subject, Find(run));
    if (subject->has_value()) job->add_after(RunName(run));
  }
  if (row.sweep.empty()) return absl::OkStatus();
  SUMSCOPE_ASSIGN_OR_RETURN(const bool seen, SeesSweep(row.sweep));
  if (seen) job->set_sweep(SweepName(row.sweep));
  return absl::OkStatus();
}

void JobMessages::AddExpected(const jobs::QueuedJob& queued, v1::Job* job) const {
  if (!queued.expected.has_value() || queued.wait.reason == "NO_WORKER") return;
  if (queued.job.state == v1::QUEUED) {
    if (const auto start = EstimateAt(view_.time, queued.expected->start_seconds, record_); start.has_value()) {
      *job->mutable_expected_start() = *start;
    }
  }
  if (const auto end = EstimateAt(view_.time, queued.expected->end_seconds, record_); end.has_value()) {
    *job->mutable_expected_end() = *end;
  }
}

absl::StatusOr<v1::Job> JobMessages::Show(const storage::Job& row, const jobs::QueuedJob* queued) {
  if (queued != nullptr && !queued->IsOf(row)) queued = nullptr;
  v1::Job job;
  job.set_state(row.state);
  *job.mutable_create_time() = ToTimestamp(row.create_time);
  if (row.start_time.has_value()) *job.mutable_start_time() = ToTimestamp(*row.start_time);
  if (queued != nullptr && !IsTerminal(row.state)) {
    if (row.state == v1::QUEUED) job.set_place(queued->place);
    AddExpected(*queued, &job);
  }
  SUMSCOPE_ASSIGN_OR_RETURN(const auto* const subject, Find(row.run));
  if (!subject->has_value()) {
    job.set_another_users(true);
    return job;
  }
  job.set_name(JobName(row.id));
  job.set_run(RunName(row.run));
  if (!row.analysis.empty()) job.set_analysis(AnalysisName(row.run, row.analysis));
  SUMSCOPE_ASSIGN_OR_RETURN(*job.mutable_what(), WhatOf(row, **subject));
  job.set_owner(row.owner);
  const bool waits = queued != nullptr && row.state == v1::QUEUED && !queued->wait.reason.empty();
  job.set_reason(waits ? queued->wait.reason : row.reason);
  job.set_detail(waits ? queued->wait.detail : row.detail);
  job.set_priority(row.priority);
  job.set_slot(row.slot);
  if (queued != nullptr) job.set_device(queued->device);
  job.set_quick(row.quick);
  if (!row.held_by.empty()) job.set_held_by(UserName(row.held_by));
  SUMSCOPE_RETURN_IF_ERROR(AddLinks(row, &job));
  job.set_attempt(row.attempt);
  job.set_segment(row.segment);
  job.set_progress(ProgressOf(row, **subject));
  job.set_device_seconds(row.device_seconds);
  return job;
}

absl::StatusOr<v1::Job> JobMessages::Show(const storage::Job& row) { return Show(row, view_.Find(row.id)); }

absl::StatusOr<v1::Job> JobMessages::Show(const jobs::QueuedJob& queued) {
  if (queued.job.state == v1::QUEUED) return Show(queued.job, &queued);
  // The queue knows of one that has a slot how it waited. Whether the viewer sees it is asked of its run.
  const absl::StatusOr<storage::Job> row = reader_.jobs().Get(storage::Viewer::Server(), queued.job.id);
  if (absl::IsNotFound(row.status())) return Show(queued.job, &queued);
  SUMSCOPE_RETURN_IF_ERROR(row.status());
  return Show(*row, &queued);
}

absl::StatusOr<v1::Holder> JobMessages::RunningHolder(const jobs::QueuedJob& waiting, const jobs::QueuedJob& holder) {
  v1::Holder message;
  SUMSCOPE_ASSIGN_OR_RETURN(const auto* const subject, Find(holder.job.run));
  message.set_slot(holder.job.slot);
  if (subject->has_value()) {
    message.set_job(JobName(holder.job.id));
    message.set_owner(holder.job.owner);
    SUMSCOPE_ASSIGN_OR_RETURN(*message.mutable_what(), WhatOf(holder.job, **subject));
  } else {
    message.set_owner(kAnotherUser);
  }
  std::optional<double> until;
  if (holder.expected.has_value()) until = holder.expected->end_seconds;
  // Its slot comes free when its slice ends, and the waiting job starts then.
  if (waiting.wait.reason == "SLICE" && waiting.expected.has_value()) until = waiting.expected->start_seconds;
  if (!until.has_value()) return message;
  if (const auto estimate = EstimateAt(view_.time, *until, record_); estimate.has_value()) {
    *message.mutable_until() = *estimate;
  }
  return message;
}

absl::StatusOr<std::vector<v1::Holder>> JobMessages::Holders(const storage::Job& row) {
  std::vector<v1::Holder> holders;
  if (row.state != v1::QUEUED) return holders;
  if (!row.held_by.empty()) {
    v1::Holder message;
    message.set_owner(row.held_by);
    message.set_what("a hold");
    holders.push_back(std::move(message));
    return holders;
  }
  const jobs::QueuedJob* const found = view_.Find(row.id);
  if (found == nullptr || !found->IsOf(row)) return holders;
  const jobs::QueuedJob& queued = *found;
  for (const std::string& id : queued.wait.holders) {
    const jobs::QueuedJob* const holder = view_.Find(id);
    if (holder == nullptr) continue;
    SUMSCOPE_ASSIGN_OR_RETURN(v1::Holder message, RunningHolder(queued, *holder));
    // They all are the owner's, or of the sweep: "another user" would have a name.
    if (queued.wait.reason == "USER_LIMIT" && message.owner() == kAnotherUser) continue;
    holders.push_back(std::move(message));
  }
  for (const std::string& slot : queued.wait.closed_slots) {
    v1::Holder message;
    message.set_slot(slot);
    if (const auto state = view_.fleet.find(slot); state != view_.fleet.end()) {
      message.set_what(state->second.closed_detail.empty() ? state->second.closed : state->second.closed_detail);
    }
    holders.push_back(std::move(message));
  }
  if (queued.wait.reason != "DEPENDENCY") return holders;
  for (const std::string& run : queued.job.dependencies) {
    SUMSCOPE_ASSIGN_OR_RETURN(const auto* const subject, Find(run));
    const jobs::QueuedJob* const training = subject->has_value() ? view_.Find(IdOf((*subject)->training)) : nullptr;
    v1::Holder message;
    if (training != nullptr) {
      SUMSCOPE_ASSIGN_OR_RETURN(message, RunningHolder(queued, *training));
    } else if (subject->has_value()) {
      message.set_owner((*subject)->owner);
      message.set_what((*subject)->model_name);
    } else {
      message.set_owner(kAnotherUser);
    }
    holders.push_back(std::move(message));
  }
  return holders;
}

}  // namespace sumscope::rpc

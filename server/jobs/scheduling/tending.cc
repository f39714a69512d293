// What changes by itself, looked after by the dispatcher's last thread.
#include <algorithm>

#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "server/jobs/scheduling/dispatcher.h"
#include "server/jobs/scheduling/wait_reason.h"
#include "server/jobs/state/reasons.h"
#include "server/jobs/state/transitions.h"
#include "server/jobs/state/waits/waiting.h"

namespace sumscope::jobs {
namespace {

// For a worker whose device has gone: it saves nothing any more.
constexpr absl::Duration kLostGrace = absl::Seconds(5);

}  // namespace

void Dispatcher::LookAtSlots() {
  const SlotTable::Look look = SlotTable::LookAt(*context_->pool, context_->devices);
  MutexLock lock(&mutex_);
  if (slots_.Take(look)) Changed();
}

std::vector<Dispatcher::Stopping> Dispatcher::LeaveDevices() {
  std::vector<Stopping> all;
  for (auto& [id, active] : active_) {
    const DeviceOpening* const closure = slots_.ClosureOf(slots_.DeviceOf(active.slot));
    if (closure == nullptr) continue;
    const bool lost = closure->closed == reasons::kDeviceLost;
    const bool yields = closure->closed == reasons::kDeviceBusyOutside && context_->options.yield_to_foreign &&
                        active.job.analysis.empty();
    if (!lost && !yields) continue;
    const std::optional<Stopping> stopping =
        GiveWay(&active, {closure->closed, closure->detail}, lost ? kLostGrace : limits::kCancelGrace);
    if (stopping.has_value()) all.push_back(*stopping);
  }
  return all;
}

std::vector<Dispatcher::Company> Dispatcher::NewCompany() {
  std::vector<Company> all;
  for (auto& [id, active] : active_) {
    if (!active.assigned || active.stop.has_value()) continue;
    const DeviceOpening* const closure = slots_.ClosureOf(slots_.DeviceOf(active.slot));
    const bool there = closure != nullptr && closure->closed == reasons::kDeviceBusyOutside;
    if (there == active.has_company) continue;
    active.has_company = there;
    all.push_back({id, active.job.run, there ? closure->detail : ""});
  }
  return all;
}

void Dispatcher::NoteCompany(const Company& company) {
  const bool there = !company.detail.empty();
  const absl::Status status = context_->catalog->Write([&](storage::CatalogTransaction& transaction) -> absl::Status {
    SUMSCOPE_ASSIGN_OR_RETURN(JobWithSubject target, LoadJobWithSubject(transaction, company.job));
    const std::string& said = target.job.reason;
    // Another reason, such as storage that is waited for, says more.
    if (target.job.state != v1::RUNNING || said != (there ? "" : reasons::kDeviceBusyOutside)) return absl::OkStatus();
    return jobs::Change(transaction, context_->clock->Now(), &target, v1::RUNNING,
                        there ? reasons::kDeviceBusyOutside : "", company.detail);
  });
  if (status.ok()) context_->hub->Notify(company.run);
}

std::optional<storage::Job> Dispatcher::Stuck() {
  if (draining_ || !active_.empty()) return std::nullopt;
  const storage::Job* first = queue_.First();
  if (first == nullptr) return std::nullopt;
  for (const auto& [name, slot] : slots_.MakeFleet()) {
    if (slot.idle && (first->quick || !slot.quick)) return std::nullopt;
  }
  return *first;
}

void Dispatcher::ExplainNoWorker(const storage::Job& job) {
  const std::string why = context_->pool->WhyNoWorker();
  const bool said = job.reason == reasons::kNoWorker;
  if (said != why.empty()) return;
  // What was said is taken back when a worker is about to come: one from a cluster's queue may take hours to.
  const std::string reason = said ? reasons::kResources : reasons::kNoWorker;
  ShowWaitReason(context_, job, reason, why);
  ChangeWaiting(job.id, [reason, why](storage::Job* waiting) {
    waiting->reason = reason;
    waiting->detail = why;
  });
}

void Dispatcher::TellWhoCame() {
  std::set<std::string> jobs;
  {
    MutexLock lock(&mutex_);
    jobs.swap(came_jobs_);
  }
  if (!jobs.empty() && came_) came_(jobs);
}

void Dispatcher::Tend(absl::Duration begin) {
  const absl::Duration look = std::min(kLongestWait, context_->options.charge_interval);
  absl::Duration charge_at = begin + context_->options.charge_interval;
  std::string stuck_before;  // a worker that restarts takes less than the time between two looks
  for (;;) {
    std::vector<Stopping> leaving;
    std::vector<Company> company;
    std::optional<storage::Job> stuck;
    {
      MutexLock lock(&mutex_);
      if (!stopped_) tend_.WaitFor(&mutex_, ToWait(look));
      if (stopped_) return;
    }
    LookAtSlots();
    {
      MutexLock lock(&mutex_);
      leaving = LeaveDevices();
      company = NewCompany();
      stuck = Stuck();
    }
    for (const Stopping& stopping : leaving) StopTask(stopping);
    for (const Company& others : company) NoteCompany(others);
    if (stuck.has_value() && stuck->id == stuck_before) ExplainNoWorker(*stuck);
    stuck_before = stuck.has_value() ? stuck->id : "";
    TellWhoCame();
    if (context_->clock->Monotonic() < charge_at) continue;
    charge_at = context_->clock->Monotonic() + context_->options.charge_interval;
    // What cannot be written or read now is the next time.
    context_->metering.ChargeAll().IgnoreError();
    users_.Refresh().IgnoreError();
  }
}

}  // namespace sumscope::jobs

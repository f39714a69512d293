// From the plan to the pool, and back from it: the part of the dispatcher that its threads run.
#include <algorithm>
#include <utility>

#include "proto/contract/limits.h"
#include "server/jobs/scheduling/dispatcher.h"
#include "server/jobs/state/waits/waiting.h"

namespace sumscope::jobs {
namespace {

constexpr absl::Duration kLongestBackOff = absl::Seconds(5);
constexpr absl::Duration kLongestOwnBackOff = absl::Seconds(60);  // of one run

}  // namespace

std::optional<Dispatcher::Stopping> Dispatcher::GiveWay(Active* active, AskedStops::Why why, absl::Duration grace) {
  if (active->stop.has_value()) return std::nullopt;
  active->stop = why;
  Changed();
  if (!active->assigned) return std::nullopt;
  context_->asked_stops.Put(active->task_id, std::move(why));
  return Stopping{active->slot, active->task_id, grace};
}

std::optional<Dispatcher::Step> Dispatcher::TakeStart(const Plan::Start& start) {
  std::optional<storage::Job> job = queue_.Take(start.job);
  if (!job.has_value()) return std::nullopt;
  const auto running = active_.find(start.job);
  if (running != active_.end()) {
    running->second.again = std::move(job);
    return std::nullopt;
  }
  Step step;
  step.start = Work{*job, start.slot, slots_.DeviceOf(start.slot), /*probes=*/queue_.probed_last()};
  Active& active = active_[start.job];
  active.job = *std::move(job);
  active.slot = start.slot;
  active.since = context_->clock->Monotonic();
  slots_.SetBusy(start.slot);
  return step;
}

std::string Dispatcher::SlotToWake(const Fleet& fleet) {
  if (!queue_.ready().HasQuick()) return "";
  std::string asleep;
  for (const auto& [name, slot] : fleet) {
    if (!slot.quick || !slot.closed.empty()) continue;
    const bool woken = woken_.count(name) > 0;
    if (woken && !slot.running.has_value()) return "";  // it is idle, or its worker is on its way
    if (!woken && asleep.empty()) asleep = name;
  }
  if (!asleep.empty()) woken_.insert(asleep);
  return asleep;
}

std::optional<Dispatcher::Step> Dispatcher::NextStep() {
  const absl::Duration now = context_->clock->Monotonic();
  if (draining_ || (!plan_due_ && now < look_again_)) return std::nullopt;
  plan_due_ = false;
  const Fleet fleet = FleetNow();
  const Shares shares = users_.Now(owners_);
  const Plan plan = MakePlan({queue_, fleet, shares, sweeps_, context_->options.shares, now});
  look_again_ = std::min(plan.look_again, now + kLongestWait);
  if (plan.start.has_value()) {
    Changed();
    return TakeStart(*plan.start);
  }
  Step step;
  step.wake = SlotToWake(fleet);
  if (plan.stop.has_value()) {
    const auto active = active_.find(plan.stop->job);
    if (active != active_.end()) step.stop = GiveWay(&active->second, {plan.stop->reason, ""}, limits::kCancelGrace);
  }
  return step.stop.has_value() || !step.wake.empty() ? std::make_optional(std::move(step)) : std::nullopt;
}

void Dispatcher::Run() {
  for (;;) {
    std::optional<Step> step;
    {
      MutexLock lock(&mutex_);
      while (!stopped_ && !step.has_value()) {
        step = NextStep();
        if (step.has_value() || (plan_due_ && !draining_)) continue;
        const absl::Duration wait = draining_ ? kLongestWait : look_again_ - context_->clock->Monotonic();
        changed_.WaitFor(&mutex_, ToWait(std::clamp(wait, absl::Milliseconds(1), kLongestWait)));
      }
      if (stopped_) return;
    }
    if (step->start.has_value()) CarryOut(*step->start);
    if (step->stop.has_value()) StopTask(*step->stop);
    if (!step->wake.empty()) context_->pool->Wake(step->wake);
  }
}

bool Dispatcher::IsOpen(const Work& work) {
  if (context_->devices == nullptr) return true;
  const DeviceOpening opening = context_->devices->LookNow(work.device);
  MutexLock lock(&mutex_);
  if (slots_.SetOpening(work.device, opening)) Changed();
  if (opening.closed.empty()) return true;
  Release(work.job.id, work.job, /*slot_is_idle=*/true);
  return false;
}

void Dispatcher::CarryOut(const Work& work) {
  if (!IsOpen(work)) return;
  StartOutcome outcome = starter_->TryStart(work.job, work.slot, work.probes);
  {
    MutexLock lock(&mutex_);
    // Not after a task that is over again: how its storage did is known by then.
    if (outcome.recorded && active_.count(work.job.id) > 0) queue_.Resume(work.job.run);
    if (outcome.kind != StartOutcome::Kind::kAssigned) {
      const absl::Duration now = context_->clock->Monotonic();
      if (outcome.kind == StartOutcome::Kind::kRefusedToAll) queue_.PauseAll(now, kLongestBackOff);
      if (outcome.kind == StartOutcome::Kind::kRefusedToAll || outcome.kind == StartOutcome::Kind::kRefused) {
        queue_.PutOff(*std::move(outcome.job), now,
                      outcome.kind == StartOutcome::Kind::kRefused ? kLongestOwnBackOff : kLongestBackOff);
        outcome.job.reset();
      }
      return Release(work.job.id, std::move(outcome.job), outcome.slot_is_idle);
    }
  }
  TaskAssigned(work, outcome.task_id);
}

void Dispatcher::TaskAssigned(const Work& work, const std::string& task_id) {
  bool cancel = false;
  std::optional<Stopping> stop;
  {
    MutexLock lock(&mutex_);
    const auto found = active_.find(work.job.id);
    if (found == active_.end()) return;  // over already
    Active& active = found->second;
    active.assigned = true;
    active.task_id = task_id;
    cancel = active.cancel;
    if (active.stop.has_value()) {
      context_->asked_stops.Put(task_id, *active.stop);
      stop = Stopping{work.slot, task_id, limits::kCancelGrace};
    }
    if (draining_) stop = Stopping{work.slot, task_id, grace_};
    Changed();
  }
  if (cancel) context_->pool->Cancel(work.slot, task_id);
  if (stop.has_value()) StopTask(*stop);
}

void Dispatcher::TaskOver(const std::string& job_id, const absl::StatusOr<storage::Job>& job, bool refused) {
  MutexLock lock(&mutex_);
  std::optional<storage::Job> again;
  if (job.ok() && job->state == v1::QUEUED) again = *job;
  if (refused && again.has_value()) {
    queue_.PutOff(*std::move(again), context_->clock->Monotonic(), kLongestOwnBackOff);
    again.reset();
  }
  Release(job_id, std::move(again), /*slot_is_idle=*/false);
}

void Dispatcher::Release(const std::string& job, std::optional<storage::Job> again, bool slot_is_idle) {
  const auto found = active_.find(job);
  if (found != active_.end()) {
    Active& active = found->second;
    if (active.again.has_value()) again = std::move(active.again);
    if (again.has_value()) {
      for (const Change& change : active.changes) change(&*again);
    }
    if (slot_is_idle || active.idle_again) slots_.SetIdle(active.slot);
    queue_.ProbeOver(active.job.run, job);
    context_->asked_stops.Forget(active.task_id);
    active_.erase(found);
  }
  if (again.has_value()) Put(*std::move(again));
  Changed();
}

}  // namespace sumscope::jobs

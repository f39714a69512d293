#include "server/jobs/scheduling/dispatcher.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "proto/contract/limits.h"
#include "proto/contract/text/first_few.h"
#include "server/jobs/state/reasons.h"
#include "server/jobs/state/waiting.h"

namespace sumscope::jobs {
namespace {

constexpr absl::Duration kLongestBackOff = absl::Seconds(5);
constexpr absl::Duration kLongestOwnBackOff = absl::Seconds(60);  // of one run
// Threads that give: each slot may meet a slow file at a time.
constexpr size_t kMinGivers = 2, kMaxGivers = 16;
// Until then a job that has begun may not have taken the memory that it will take.
constexpr absl::Duration kMemorySettles = absl::Seconds(15);

}  // namespace

void Dispatcher::Start(Ingest* ingest) {
  starter_.emplace(context_, ingest);
  LookAtSlots();
  const size_t givers = std::clamp(context_->pool->Slots().size(), kMinGivers, kMaxGivers);
  for (size_t i = 0; i < givers; ++i) threads_.emplace_back([this] { Run(); });
  threads_.emplace_back([this] { Tend(); });
}

void Dispatcher::Stop() {
  {
    MutexLock lock(&mutex_);
    stopped_ = true;
    changed_.NotifyAll();
    tend_.NotifyAll();
  }
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void Dispatcher::Changed() {
  plan_due_ = true;
  ++changes_;
  changed_.NotifyAll();
}

uint64_t Dispatcher::changes() {
  MutexLock lock(&mutex_);
  return changes_;
}

void Dispatcher::Put(storage::Job job) {
  owners_.insert(job.owner);
  queue_.Add(std::move(job));
}

void Dispatcher::Enqueue(storage::Job job) {
  MutexLock lock(&mutex_);
  Put(std::move(job));
  Changed();
}

void Dispatcher::Enqueue(std::vector<storage::Job> jobs) {
  MutexLock lock(&mutex_);
  for (storage::Job& job : jobs) Put(std::move(job));
  Changed();
}

std::optional<storage::Job> Dispatcher::Claim(const std::string& job) {
  MutexLock lock(&mutex_);
  std::optional<storage::Job> claimed = queue_.Remove(job);
  if (claimed.has_value()) Changed();
  return claimed;
}

void Dispatcher::ChangeWaiting(const std::string& job, Change change) {
  MutexLock lock(&mutex_);
  if (const storage::Job* found = queue_.Find(job)) {
    storage::Job changed = *found;
    change(&changed);
    queue_.Replace(std::move(changed));
    return Changed();
  }
  const auto active = active_.find(job);
  if (active != active_.end()) active->second.changes.push_back(std::move(change));
}

size_t Dispatcher::waiting() {
  MutexLock lock(&mutex_);
  return queue_.size();
}

Dispatcher::Counts Dispatcher::CountsOf(const std::string& owner) {
  MutexLock lock(&mutex_);
  Counts counts{queue_.CountOf(owner), queue_.CountHighOf(owner)};
  for (const auto& [id, active] : active_) counts.high += active.job.owner == owner && active.job.priority == v1::HIGH;
  return counts;
}

void Dispatcher::DependencyDone(const std::string& run) {
  MutexLock lock(&mutex_);
  queue_.DependencyDone(run);
  Changed();
}

void Dispatcher::LimitSweep(const std::string& sweep, uint32_t trainings) {
  MutexLock lock(&mutex_);
  if (trainings == 0) {
    sweeps_.erase(sweep);
  } else {
    sweeps_[sweep] = trainings;
  }
  Changed();
}

std::string Dispatcher::DebugString() {
  MutexLock lock(&mutex_);
  std::vector<std::string> active;
  for (const auto& [job, start] : active_) {
    active.push_back(absl::StrCat(job, " of ", start.job.run, " on ", start.slot, start.assigned ? "" : ", starting",
                                  start.cancel ? ", cancelled" : "", start.stop.has_value() ? ", gives way" : "",
                                  start.idle_again ? ", its slot idle" : ""));
  }
  return absl::StrCat("dispatcher with ", queue_.DebugString(), ", active ", FirstFew(active), ", idle slots ",
                      FirstFew(slots_.idle()), draining_ ? ", draining" : "", stopped_ ? ", stopped" : "");
}

void Dispatcher::CancelTask(const std::string& job) {
  std::string slot, task_id;
  {
    MutexLock lock(&mutex_);
    const auto found = active_.find(job);
    if (found == active_.end()) return;
    found->second.cancel = true;
    Changed();
    if (!found->second.assigned) return;
    slot = found->second.slot;
    task_id = found->second.task_id;
  }
  context_->pool->Cancel(slot, task_id);
}

void Dispatcher::BeginDrain(absl::Duration grace) {
  std::vector<Stopping> running;
  {
    MutexLock lock(&mutex_);
    draining_ = true;
    grace_ = grace;
    for (const auto& [job, active] : active_) {
      if (active.assigned) running.push_back({active.slot, active.task_id, grace});
    }
    Changed();
  }
  for (const Stopping& stopping : running) StopTask(stopping);
}

bool Dispatcher::WaitUntilIdle(absl::Duration timeout) {
  const absl::Duration deadline = context_->clock->Monotonic() + timeout;
  MutexLock lock(&mutex_);
  while (!active_.empty()) {
    const absl::Duration left = deadline - context_->clock->Monotonic();
    if (left <= absl::ZeroDuration()) return false;
    changed_.WaitFor(&mutex_, ToWait(std::min(left, kLongestWait)));
  }
  return true;
}

void Dispatcher::SlotIdle(const std::string& slot) {
  LookAtSlots();  // its worker may be another than before
  MutexLock lock(&mutex_);
  for (auto& [job, active] : active_) {
    if (active.slot != slot) continue;
    active.idle_again = true;
    return;
  }
  slots_.SetIdle(slot);
  Changed();
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

Fleet Dispatcher::FleetNow() {
  Fleet fleet = slots_.MakeFleet();
  const absl::Duration now = context_->clock->Monotonic();
  for (const auto& [id, active] : active_) {
    SlotState& slot = fleet[active.slot];
    slot.idle = false;
    RunningJob& running = slot.running.emplace();
    running.job = id;
    running.run = active.job.run;
    running.owner = active.job.owner;
    running.sweep = active.job.sweep;
    running.priority = active.job.priority;
    running.training = active.job.analysis.empty();
    running.stopping = active.cancel || active.stop.has_value() || draining_;
    running.since = active.since;
    running.expected_seconds = active.job.expected_seconds;
    running.memory_bytes = active.job.memory_bytes;
    if (now - active.since > kMemorySettles) continue;
    for (auto& [name, other] : fleet) {
      if (other.device != slot.device || other.memory_bytes == 0) continue;
      other.memory_bytes -= std::min(other.memory_bytes - 1, running.memory_bytes);
    }
  }
  if (!draining_) return fleet;
  for (auto& [name, slot] : fleet) {
    slot.closed = reasons::kDraining;
    slot.closed_detail = "the server is shutting down";
  }
  return fleet;
}

void Dispatcher::Look(
    absl::FunctionRef<void(const Situation& situation, const std::vector<storage::Job>& running)> look) {
  MutexLock lock(&mutex_);
  std::vector<storage::Job> running;
  for (const auto& [id, active] : active_) {
    running.push_back(active.job);
    running.back().slot = active.slot;
  }
  const Fleet fleet = FleetNow();
  const Shares shares = users_.Now(owners_);
  look({queue_, fleet, shares, sweeps_, context_->options.shares, context_->clock->Monotonic()}, running);
}

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
  if (!plan.stop.has_value()) return std::nullopt;
  const auto active = active_.find(plan.stop->job);
  if (active == active_.end()) return std::nullopt;
  Step step;
  step.stop = GiveWay(&active->second, {plan.stop->reason, ""}, limits::kCancelGrace);
  return step.stop.has_value() ? std::make_optional(std::move(step)) : std::nullopt;
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

}  // namespace sumscope::jobs

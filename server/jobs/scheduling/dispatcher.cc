#include "server/jobs/scheduling/dispatcher.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "proto/contract/text/first_few.h"
#include "server/jobs/scheduling/wait_reason.h"
#include "server/jobs/state/reasons.h"
#include "server/jobs/state/waiting.h"

namespace sumscope::jobs {
namespace {

constexpr absl::Duration kLongestBackOff = absl::Seconds(5);
constexpr absl::Duration kLongestOwnBackOff = absl::Seconds(60);  // of one run
// Threads that give: each slot may meet a slow file at a time.
constexpr size_t kMinGivers = 2, kMaxGivers = 16;

}  // namespace

void Dispatcher::Start(Ingest* ingest) {
  starter_.emplace(context_, ingest);
  const size_t givers = std::clamp(context_->pool->Slots().size(), kMinGivers, kMaxGivers);
  for (size_t i = 0; i < givers; ++i) threads_.emplace_back([this, i] { Run(/*explains=*/i == 0); });
}

void Dispatcher::Stop() {
  {
    MutexLock lock(&mutex_);
    stopped_ = true;
    changed_.NotifyAll();
  }
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void Dispatcher::Enqueue(storage::Job job) {
  MutexLock lock(&mutex_);
  queue_.Add(std::move(job));
  changed_.NotifyAll();
}

std::optional<storage::Job> Dispatcher::Claim(const std::string& job) {
  MutexLock lock(&mutex_);
  return queue_.Remove(job);
}

size_t Dispatcher::waiting() {
  MutexLock lock(&mutex_);
  return queue_.size();
}

std::string Dispatcher::DebugString() {
  MutexLock lock(&mutex_);
  std::vector<std::string> active;
  for (const auto& [job, start] : active_) {
    active.push_back(absl::StrCat(job, " of ", start.run, " on ", start.slot, start.assigned ? "" : ", starting",
                                  start.cancel ? ", cancelled" : "", start.idle_again ? ", its slot idle" : ""));
  }
  return absl::StrCat("dispatcher with ", queue_.DebugString(), ", active ", FirstFew(active), ", idle slots ",
                      FirstFew(fleet_.idle), draining_ ? ", draining" : "", stopped_ ? ", stopped" : "");
}

void Dispatcher::CancelTask(const std::string& job) {
  std::string slot, task_id;
  {
    MutexLock lock(&mutex_);
    const auto found = active_.find(job);
    if (found == active_.end()) return;
    found->second.cancel = true;
    if (!found->second.assigned) return;
    slot = found->second.slot;
    task_id = found->second.task_id;
  }
  context_->pool->Cancel(slot, task_id);
}

void Dispatcher::BeginDrain(absl::Duration grace) {
  std::vector<Active> running;
  {
    MutexLock lock(&mutex_);
    draining_ = true;
    grace_ = grace;
    for (const auto& [job, active] : active_) {
      if (active.assigned) running.push_back(active);
    }
  }
  for (const Active& active : running) context_->pool->Stop(active.slot, active.task_id, grace);
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
  MutexLock lock(&mutex_);
  for (auto& [job, active] : active_) {
    if (active.slot != slot) continue;
    active.idle_again = true;
    return;
  }
  fleet_.idle.insert(slot);
  changed_.NotifyAll();
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
    if (found->second.again.has_value()) again = std::move(found->second.again);
    if (slot_is_idle || found->second.idle_again) fleet_.idle.insert(found->second.slot);
    queue_.ProbeOver(found->second.run, job);
    active_.erase(found);
  }
  if (again.has_value()) queue_.Add(*std::move(again));
  changed_.NotifyAll();
}

Plan Dispatcher::PlanNow() {
  return draining_ ? Plan() : planner_(queue_, fleet_, usage_, context_->clock->Monotonic());
}

absl::Duration Dispatcher::WaitForWork() {
  const Plan plan = PlanNow();
  if (plan.start.has_value()) return absl::ZeroDuration();
  return std::clamp(plan.look_again - context_->clock->Monotonic(), absl::Milliseconds(1), kLongestWait);
}

std::optional<Dispatcher::Work> Dispatcher::TakeWork() {
  const Plan plan = PlanNow();
  if (!plan.start.has_value()) return std::nullopt;
  std::optional<storage::Job> job = queue_.Take(plan.start->job);
  const auto running = active_.find(plan.start->job);
  if (running != active_.end()) {
    running->second.again = std::move(job);
    return std::nullopt;
  }
  Work work{*std::move(job), plan.start->slot, /*probes=*/queue_.probed_last()};
  Active& active = active_[work.job.id];
  active.run = work.job.run;
  active.slot = work.slot;
  fleet_.idle.erase(work.slot);
  return work;
}

void Dispatcher::Run(bool explains) {
  for (;;) {
    std::optional<Work> work;
    std::optional<storage::Job> stuck;
    {
      MutexLock lock(&mutex_);
      while (!stopped_ && !work.has_value() && !stuck.has_value()) {
        const absl::Duration wait = WaitForWork();
        if (wait <= absl::ZeroDuration()) {
          work = TakeWork();
          continue;
        }
        // A worker that restarts takes less than a quiet wait.
        const bool woken = changed_.WaitFor(&mutex_, ToWait(wait));
        if (explains && !woken && wait >= kLongestWait) stuck = Stuck();
      }
      if (stopped_) return;
    }
    if (work.has_value()) {
      CarryOut(*work);
    } else {
      ExplainWait(*stuck);
    }
  }
}

std::optional<storage::Job> Dispatcher::Stuck() {
  if (draining_ || !fleet_.idle.empty() || !active_.empty()) return std::nullopt;
  const storage::Job* first = queue_.First();
  return first == nullptr ? std::nullopt : std::make_optional(*first);
}

void Dispatcher::ExplainWait(const storage::Job& job) {
  const std::string why = context_->pool->WhyNoWorker();
  const bool said = job.reason == reasons::kNoWorker;
  if (said != why.empty()) return;
  // What was said is taken back when a worker is about to come: one from a cluster's queue may take hours to.
  const storage::Job shown = ShowWaitReason(context_, job, said ? reasons::kResources : reasons::kNoWorker, why);
  MutexLock lock(&mutex_);
  if (queue_.Remove(job.id).has_value()) queue_.Add(shown);
}

void Dispatcher::CarryOut(const Work& work) {
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
  bool cancel = false, stop = false;
  absl::Duration grace;
  {
    MutexLock lock(&mutex_);
    const auto found = active_.find(work.job.id);
    if (found == active_.end()) return;  // over already
    found->second.assigned = true;
    found->second.task_id = task_id;
    cancel = found->second.cancel;
    stop = draining_;
    grace = grace_;
    changed_.NotifyAll();
  }
  if (cancel) context_->pool->Cancel(work.slot, task_id);
  if (stop) context_->pool->Stop(work.slot, task_id, grace);
}

}  // namespace sumscope::jobs

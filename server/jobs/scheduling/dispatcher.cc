#include "server/jobs/scheduling/dispatcher.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/text/first_few.h"
#include "server/jobs/state/reasons.h"
#include "server/jobs/state/waits/waiting.h"

namespace sumscope::jobs {
namespace {

// Threads that give: each slot may meet a slow file at a time.
constexpr size_t kMinGivers = 2, kMaxGivers = 16;
// Until then a job that has begun may not have taken the memory that it will take.
constexpr absl::Duration kMemorySettles = absl::Seconds(15);

}  // namespace

void Dispatcher::Start(Ingest* ingest, Came came) {
  starter_.emplace(context_, ingest);
  came_ = std::move(came);
  LookAtSlots();
  const size_t givers = std::clamp(context_->pool->Slots().size(), kMinGivers, kMaxGivers);
  for (size_t i = 0; i < givers; ++i) threads_.emplace_back([this] { Run(); });
  threads_.emplace_back([this, begin = context_->clock->Monotonic()] { Tend(begin); });
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

void Dispatcher::Enqueue(storage::Job job, Room room) {
  std::vector<storage::Job> jobs;
  jobs.push_back(std::move(job));
  Enqueue(std::move(jobs), std::move(room));
}

void Dispatcher::Enqueue(std::vector<storage::Job> jobs, Room room) {
  MutexLock lock(&mutex_);
  GiveBack(&room);
  for (storage::Job& job : jobs) {
    if (!job.expected_end_time.has_value()) came_jobs_.insert(job.id);
    Put(std::move(job));
  }
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

Dispatcher::Counts Dispatcher::CountNow(const std::string& owner) {
  Counts counts{queue_.size(), queue_.CountOf(owner), queue_.CountHighOf(owner)};
  for (const auto& [id, active] : active_) counts.high += active.job.owner == owner && active.job.priority == v1::HIGH;
  for (const auto& [user, reserved] : reserved_) counts.all_waiting += reserved.waiting;
  const auto own = reserved_.find(owner);
  if (own == reserved_.end()) return counts;
  counts.waiting += own->second.waiting;
  counts.high += own->second.high;
  return counts;
}

Dispatcher::Counts Dispatcher::CountsOf(const std::string& owner) {
  MutexLock lock(&mutex_);
  return CountNow(owner);
}

absl::StatusOr<Room> Dispatcher::Reserve(const std::string& owner, size_t waiting, size_t high,
                                         absl::FunctionRef<absl::Status(const Counts& counts)> check) {
  MutexLock lock(&mutex_);
  SUMSCOPE_RETURN_IF_ERROR(check(CountNow(owner)));
  Counts& reserved = reserved_[owner];
  reserved.waiting += waiting;
  reserved.high += high;
  return Room(this, owner, waiting, high);
}

void Dispatcher::GiveBack(Room* room) {
  if (room->dispatcher_ == nullptr) return;
  room->dispatcher_ = nullptr;
  const auto reserved = reserved_.find(room->owner_);
  if (reserved == reserved_.end()) return;  // it was of nothing
  reserved->second.waiting -= room->waiting_;
  reserved->second.high -= room->high_;
  if (reserved->second.waiting == 0 && reserved->second.high == 0) reserved_.erase(reserved);
}

void Room::GiveBack() {
  Dispatcher* const dispatcher = dispatcher_;
  if (dispatcher == nullptr) return;
  MutexLock lock(&dispatcher->mutex_);
  dispatcher->GiveBack(this);
}

uint32_t Dispatcher::MostThreads() {
  MutexLock lock(&mutex_);
  return slots_.MostThreads();
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
    running.push_back(active.job);  // as it waited
    running.back().slot = active.slot;
    running.back().state = v1::STARTING;
  }
  const Fleet fleet = FleetNow();
  const Shares shares = users_.Now(owners_);
  look({queue_, fleet, shares, sweeps_, context_->options.shares, context_->clock->Monotonic()}, running);
}

}  // namespace sumscope::jobs

#include "server/jobs/queue/dispatcher.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/contract/base/status_macros.h"
#include "proto/contract/errors.h"
#include "server/jobs/intake/record_end.h"
#include "server/jobs/job_states.h"
#include "server/jobs/reasons.h"

namespace sumscope::jobs {
namespace {

// Every wait is looked at again after this long at the latest.
constexpr absl::Duration kLongestWait = absl::Seconds(1);
constexpr absl::Duration kFirstBackOff = absl::Milliseconds(50);
constexpr absl::Duration kLongestBackOff = absl::Seconds(5);
constexpr absl::Duration kLongestOwnBackOff = absl::Seconds(60);  // of one job
// Threads that give: each slot may meet a slow file at a time.
constexpr size_t kMinGivers = 2, kMaxGivers = 16;

std::chrono::milliseconds ToWait(absl::Duration duration) {
  return std::chrono::milliseconds(absl::ToInt64Milliseconds(absl::Ceil(duration, absl::Milliseconds(1))));
}

// A job that its storage refuses for now stays in the queue; any other error is the job's own.
bool RefusedForNow(const absl::Status& status) {
  return absl::IsResourceExhausted(status) || absl::IsUnavailable(status) || absl::IsAborted(status);
}

// Whether the slot has no worker and is not about to get one: a start after a failed one is no promise.
bool CannotWork(const v1::Slot& slot) {
  if (slot.state() == "STARTING") return slot.restarts() > 0 && !slot.detail().empty();
  return slot.state() == "BROKEN" || slot.state() == "BACKING_OFF";
}

}  // namespace

Dispatcher::Dispatcher(Context* context, std::unique_ptr<QueuePolicy> policy)
    : context_(context), policy_(std::move(policy)), back_off_(kFirstBackOff) {}

void Dispatcher::Start(Ingest* ingest) {
  ingest_ = ingest;
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
  policy_->Add(std::move(job));
  changed_.NotifyAll();
}

std::optional<storage::Job> Dispatcher::Claim(const std::string& job) {
  MutexLock lock(&mutex_);
  back_offs_.erase(job);
  if (const auto found = later_.find(job); found != later_.end()) {
    storage::Job taken = std::move(found->second.job);
    later_.erase(found);
    return taken;
  }
  return policy_->Remove(job);
}

size_t Dispatcher::waiting() {
  MutexLock lock(&mutex_);
  return policy_->size() + later_.size();
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
  idle_.insert(slot);
  changed_.NotifyAll();
}

void Dispatcher::TaskOver(const std::string& job_id, const absl::StatusOr<storage::Job>& job) {
  std::optional<storage::Job> again;
  if (job.ok() && job->state == v1::QUEUED) again = *job;
  Free(job_id, std::move(again), /*slot_is_idle=*/false);
}

void Dispatcher::Free(const std::string& job, std::optional<storage::Job> again, bool slot_is_idle) {
  MutexLock lock(&mutex_);
  const auto found = active_.find(job);
  if (found != active_.end()) {
    if (found->second.again.has_value()) again = std::move(found->second.again);
    if (slot_is_idle || found->second.idle_again) idle_.insert(found->second.slot);
    active_.erase(found);
  }
  if (again.has_value()) policy_->Add(*std::move(again));
  if (later_.count(job) == 0) back_offs_.erase(job);
  changed_.NotifyAll();
}

void Dispatcher::TakeDue(absl::Duration now) {
  for (auto at = later_.begin(); at != later_.end();) {
    if (at->second.not_before > now) {
      ++at;
      continue;
    }
    policy_->Add(std::move(at->second.job));
    at = later_.erase(at);
  }
}

absl::Duration Dispatcher::WaitForWork() {
  if (draining_ || idle_.empty()) return kLongestWait;
  const absl::Duration now = context_->clock->Monotonic();
  TakeDue(now);
  absl::Duration next = now + kLongestWait;
  if (policy_->size() > 0) {
    next = not_before_;
  } else {
    for (const auto& [job, later] : later_) next = std::min(next, later.not_before);
  }
  return std::clamp(next - now, absl::ZeroDuration(), kLongestWait);
}

std::optional<std::pair<storage::Job, std::string>> Dispatcher::TakeWork() {
  for (const std::string& slot : idle_) {
    std::optional<storage::Job> job = policy_->TakeNext(slot);
    if (!job.has_value()) continue;
    const auto running = active_.find(job->id);
    if (running != active_.end()) {
      running->second.again = std::move(job);
      return std::nullopt;
    }
    std::pair<storage::Job, std::string> work(*std::move(job), slot);
    active_[work.first.id].slot = slot;
    idle_.erase(slot);
    return work;
  }
  return std::nullopt;
}

void Dispatcher::Run(bool explains) {
  for (;;) {
    std::optional<std::pair<storage::Job, std::string>> work;
    std::optional<storage::Job> stuck;
    {
      MutexLock lock(&mutex_);
      while (!stopped_ && !work.has_value() && !stuck.has_value()) {
        const absl::Duration wait = WaitForWork();
        if (wait <= absl::ZeroDuration()) work = TakeWork();
        if (work.has_value()) break;
        // A worker that restarts takes less than a quiet wait.
        const bool woken = changed_.WaitFor(&mutex_, ToWait(std::max(wait, absl::Milliseconds(1))));
        if (explains && !woken && wait >= kLongestWait) stuck = Stuck();
      }
      if (stopped_) return;
    }
    if (work.has_value()) {
      Give(work->first, work->second);
    } else {
      ExplainWait(*stuck);
    }
  }
}

std::optional<storage::Job> Dispatcher::Stuck() {
  if (draining_ || !idle_.empty() || !active_.empty()) return std::nullopt;
  std::optional<storage::Job> first = policy_->First();
  if (first.has_value() && first->reason == reasons::kNoWorker) first.reset();  // it says so already
  return first;
}

void Dispatcher::ExplainWait(const storage::Job& job) {
  std::string detail;
  for (const v1::Slot& slot : context_->pool->Slots()) {
    if (!CannotWork(slot)) return;
    absl::StrAppend(&detail, detail.empty() ? "" : "; ", "slot ", slot.name(), ": ", slot.detail());
  }
  if (detail.empty()) return;
  const storage::Job shown = ShowReason(job, reasons::kNoWorker, detail);
  MutexLock lock(&mutex_);
  if (policy_->Remove(job.id).has_value()) policy_->Add(shown);
}

storage::Job Dispatcher::ShowReason(const storage::Job& job, const std::string& reason, const std::string& detail) {
  if (job.reason == reason) return job;
  const absl::Status status = context_->catalog->Write([&](storage::CatalogTransaction& transaction) -> absl::Status {
    SUMSCOPE_ASSIGN_OR_RETURN(Target target, LoadTarget(transaction, job.id));
    if (target.job.state != v1::QUEUED) return absl::OkStatus();
    return Change(transaction, context_->clock->Now(), &target, v1::QUEUED, reason, detail);
  });
  if (!status.ok()) return job;
  context_->hub->Notify(job.run);
  storage::Job shown = job;
  shown.reason = reason;
  return shown;
}

void Dispatcher::Give(const storage::Job& job, const std::string& slot) {
  const absl::StatusOr<Target> target =
      ReadCatalog<Target>(context_->catalog, [&](auto& reader) { return LoadTarget(reader, job.id); });
  if (!target.ok()) {
    if (MayPass(target.status())) return TryLater(job, target.status(), /*shared=*/true);
    return Free(job.id, std::nullopt, /*slot_is_idle=*/true);  // the run was removed
  }
  if (target->job.state != v1::QUEUED) return Drop(*target);
  absl::StatusOr<Assignment> assignment = BuildAssignment(context_, *target);
  if (!assignment.ok()) {
    if (!RefusedForNow(assignment.status())) return Refuse(job, assignment.status());
    return TryLater(job, assignment.status(), /*shared=*/absl::IsResourceExhausted(assignment.status()));
  }
  if (context_->draining) return Free(job.id, job, /*slot_is_idle=*/true);
  const absl::StatusOr<Target> started = RecordStart(job.id, slot, LogEntriesOf(assignment->file.get()));
  if (!started.ok()) return TryLater(job, started.status(), /*shared=*/true);
  if (started->job.state != v1::STARTING) return Drop(*started);
  {
    MutexLock lock(&mutex_);
    back_off_ = kFirstBackOff;
    back_offs_.erase(job.id);
  }
  context_->hub->Notify(job.run);
  HandOver(started->job, slot, *std::move(assignment));
}

absl::StatusOr<Target> Dispatcher::RecordStart(const std::string& job, const std::string& slot,
                                               std::optional<uint64_t> log_entries) {
  return WriteCatalog<Target>(
      context_->catalog, [&](storage::CatalogTransaction& transaction) -> absl::StatusOr<Target> {
        SUMSCOPE_ASSIGN_OR_RETURN(Target target, LoadTarget(transaction, job));
        if (target.job.state != v1::QUEUED) return target;
        target.job.slot = slot;
        target.log_entries = log_entries;
        SUMSCOPE_RETURN_IF_ERROR(Change(transaction, context_->clock->Now(), &target, v1::STARTING, "", ""));
        return target;
      });
}

void Dispatcher::HandOver(const storage::Job& job, const std::string& slot, Assignment assignment) {
  const worker::v1::Task task = assignment.task;
  const std::shared_ptr<storage::RunFile> file = assignment.file;
  std::optional<workers::TaskTensors> tensors = std::move(assignment.tensors);
  assignment.tensors.reset();
  ingest_->Expect(slot, std::move(assignment));
  const absl::Status status = context_->pool->Assign(slot, task, std::move(tensors));
  if (!status.ok()) {
    ingest_->Forget(slot);
    return NotTaken(job, file, status);
  }
  bool cancel = false, stop = false;
  absl::Duration grace;
  {
    MutexLock lock(&mutex_);
    const auto found = active_.find(job.id);
    if (found == active_.end()) return;  // over already
    found->second.assigned = true;
    found->second.task_id = task.task_id();
    cancel = found->second.cancel;
    stop = draining_;
    grace = grace_;
  }
  if (cancel) context_->pool->Cancel(slot, task.task_id());
  if (stop) context_->pool->Stop(slot, task.task_id(), grace);
}

void Dispatcher::NotTaken(const storage::Job& job, const std::shared_ptr<storage::RunFile>& file,
                          const absl::Status& status) {
  const std::string text(status.message());
  const bool busy = absl::IsFailedPrecondition(status);  // its worker is restarting; the slot will say idle again
  EndFacts facts;
  facts.file = file;
  const absl::StatusOr<storage::Job> recorded =
      RecordEnd(context_, kUntilInterrupted, job.id,
                busy ? TaskEnd{TaskEnd::Kind::kReturned, reasons::kResources, text}
                     : TaskEnd{TaskEnd::Kind::kFailedRetryable, reasons::kAssignFailed, text},
                facts);
  std::optional<storage::Job> again;
  if (recorded.ok() && recorded->state == v1::QUEUED) again = *recorded;
  Free(job.id, std::move(again), /*slot_is_idle=*/!busy);
}

void Dispatcher::Refuse(const storage::Job& job, const absl::Status& status) {
  EndFacts facts;
  absl::StatusOr<std::shared_ptr<storage::RunFile>> file = OpenIfExists(context_, job.run);
  if (file.ok()) facts.file = *std::move(file);
  // An error says that it ended meanwhile, was removed, or that the server ends: nothing is left to do here.
  const absl::StatusOr<storage::Job> recorded =
      RecordEnd(context_, kUntilInterrupted, job.id,
                {TaskEnd::Kind::kFailed, StorageReason(status), std::string(status.message())}, facts);
  static_cast<void>(recorded);
  Free(job.id, std::nullopt, /*slot_is_idle=*/true);
}

void Dispatcher::Drop(const Target& target) {
  if (IsTerminal(target.job.state)) {
    const auto file = OpenIfExists(context_, target.job.run);
    // The catalog has the end; a file that cannot take it says less.
    if (file.ok() && *file != nullptr) FollowCatalog(context_, target, file->get()).IgnoreError();
  }
  Free(target.job.id, std::nullopt, /*slot_is_idle=*/true);
}

void Dispatcher::TryLater(const storage::Job& job, const absl::Status& why, bool shared) {
  const storage::Job shown = ShowReason(job, StorageReason(why), std::string(why.message()));
  {
    MutexLock lock(&mutex_);
    const absl::Duration now = context_->clock->Monotonic();
    if (shared) {
      not_before_ = now + back_off_;
      back_off_ = std::min(2 * back_off_, kLongestBackOff);
    }
    absl::Duration& own = back_offs_.try_emplace(job.id, kFirstBackOff).first->second;
    later_[job.id] = {shown, now + own};
    own = std::min(2 * own, shared ? kLongestBackOff : kLongestOwnBackOff);
  }
  Free(job.id, std::nullopt, /*slot_is_idle=*/true);
}

}  // namespace sumscope::jobs

#include "server/jobs/scheduling/dispatcher.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "server/jobs/intake/record_end.h"
#include "server/jobs/state/job_states.h"
#include "server/jobs/state/reasons.h"

namespace sumscope::jobs {
namespace {

// Every wait is looked at again after this long at the latest.
constexpr absl::Duration kLongestWait = absl::Seconds(1);
constexpr absl::Duration kFirstBackOff = absl::Milliseconds(50);
constexpr absl::Duration kLongestBackOff = absl::Seconds(5);
constexpr absl::Duration kLongestOwnBackOff = absl::Seconds(60);  // of one run
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
  for (auto at = refused_.begin(); at != refused_.end(); ++at) {
    std::optional<storage::Job> taken = at->second.jobs.Remove(job);
    if (!taken.has_value()) continue;
    if (at->second.jobs.size() == 0 && at->second.probe.empty()) refused_.erase(at);
    return taken;
  }
  return policy_->Remove(job);
}

size_t Dispatcher::waiting() {
  MutexLock lock(&mutex_);
  size_t count = policy_->size();
  for (const auto& [run, refused] : refused_) count += refused.jobs.size();
  return count;
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

void Dispatcher::TaskOver(const std::string& job_id, const absl::StatusOr<storage::Job>& job, bool refused) {
  MutexLock lock(&mutex_);
  std::optional<storage::Job> again;
  if (job.ok() && job->state == v1::QUEUED) again = *job;
  if (refused && again.has_value()) {
    PutOff(*again, kLongestOwnBackOff);
    again.reset();
  }
  FreeLocked(job_id, std::move(again), /*slot_is_idle=*/false);
}

void Dispatcher::Free(const std::string& job, std::optional<storage::Job> again, bool slot_is_idle) {
  MutexLock lock(&mutex_);
  FreeLocked(job, std::move(again), slot_is_idle);
}

void Dispatcher::FreeLocked(const std::string& job, std::optional<storage::Job> again, bool slot_is_idle) {
  const auto found = active_.find(job);
  if (found != active_.end()) {
    const std::string run = found->second.run;
    if (found->second.again.has_value()) again = std::move(found->second.again);
    if (slot_is_idle || found->second.idle_again) idle_.insert(found->second.slot);
    active_.erase(found);
    // It was not refused again: its run's other jobs may find out for themselves.
    const auto refused = refused_.find(run);
    if (refused != refused_.end() && refused->second.probe == job) Readmit(run);
  }
  if (again.has_value()) policy_->Add(*std::move(again));
  changed_.NotifyAll();
}

void Dispatcher::PutOff(const storage::Job& job, absl::Duration longest) {
  Refused& refused = refused_.try_emplace(job.run, Refused{FifoPolicy(), "", {}, kFirstBackOff}).first->second;
  refused.jobs.Add(job);
  if (refused.probe == job.id) refused.probe.clear();
  refused.not_before = context_->clock->Monotonic() + refused.back_off;
  refused.back_off = std::min(2 * refused.back_off, longest);
}

void Dispatcher::Readmit(const std::string& run) {
  const auto refused = refused_.find(run);
  if (refused == refused_.end()) return;
  while (std::optional<storage::Job> job = refused->second.jobs.TakeNext("")) policy_->Add(*std::move(job));
  refused_.erase(refused);
  changed_.NotifyAll();
}

absl::Duration Dispatcher::WaitForWork() {
  if (draining_ || idle_.empty()) return kLongestWait;
  const absl::Duration now = context_->clock->Monotonic();
  absl::Duration next = now + kLongestWait;
  if (policy_->size() > 0) next = not_before_;
  for (const auto& [run, refused] : refused_) {
    if (refused.probe.empty() && refused.jobs.size() > 0)
      next = std::min(next, std::max(refused.not_before, not_before_));
  }
  return std::clamp(next - now, absl::ZeroDuration(), kLongestWait);
}

std::optional<storage::Job> Dispatcher::TakeUntried(const std::string& slot) {
  while (std::optional<storage::Job> job = policy_->TakeNext(slot)) {
    const auto refused = refused_.find(job->run);
    if (refused == refused_.end()) return job;
    refused->second.jobs.Add(*std::move(job));
  }
  return std::nullopt;
}

std::optional<storage::Job> Dispatcher::TakeProbe() {
  const absl::Duration now = context_->clock->Monotonic();
  Refused* first = nullptr;
  for (auto& [run, refused] : refused_) {
    if (!refused.probe.empty() || refused.jobs.size() == 0 || refused.not_before > now) continue;
    if (first == nullptr || refused.not_before < first->not_before) first = &refused;
  }
  return first == nullptr ? std::nullopt : first->jobs.TakeNext("");
}

std::optional<std::pair<storage::Job, std::string>> Dispatcher::TakeWork() {
  for (const std::string& slot : idle_) {
    // Turn by turn: locked files hold up nobody for long, and wait not for ever beside a queue that never ends.
    std::optional<storage::Job> job = probed_ ? TakeUntried(slot) : TakeProbe();
    if (!job.has_value()) job = probed_ ? TakeProbe() : TakeUntried(slot);
    if (!job.has_value()) continue;
    const auto running = active_.find(job->id);
    if (running != active_.end()) {
      running->second.again = std::move(job);
      return std::nullopt;
    }
    std::pair<storage::Job, std::string> work(*std::move(job), slot);
    const auto refused = refused_.find(work.first.run);
    probed_ = refused != refused_.end();
    if (probed_) refused->second.probe = work.first.id;
    Active& active = active_[work.first.id];
    active.run = work.first.run;
    active.slot = slot;
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
  if (const absl::Status probed = assignment.ok() ? CheckProbe(job, assignment->file.get()) : assignment.status();
      !probed.ok()) {
    assignment = probed;
  }
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
    Readmit(job.run);
  }
  context_->hub->Notify(job.run);
  HandOver(started->job, slot, *std::move(assignment));
}

absl::Status Dispatcher::CheckProbe(const storage::Job& job, storage::RunFile* file) {
  {
    MutexLock lock(&mutex_);
    const auto refused = refused_.find(job.run);
    if (refused == refused_.end() || refused->second.probe != job.id) return absl::OkStatus();
  }
  return file->Write([](storage::RunFileTransaction&) { return absl::OkStatus(); });
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
  MutexLock lock(&mutex_);
  if (shared) {
    not_before_ = context_->clock->Monotonic() + back_off_;
    back_off_ = std::min(2 * back_off_, kLongestBackOff);
  }
  PutOff(shown, shared ? kLongestBackOff : kLongestOwnBackOff);
  FreeLocked(job.id, std::nullopt, /*slot_is_idle=*/true);
}

}  // namespace sumscope::jobs

#include "server/workers/pool/slot_supervisor.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "openssl/crypto.h"
#include "proto/contract/base/back_off.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/names/worker_protocol.h"

namespace sumscope::workers {
namespace {

constexpr absl::Duration kNever = absl::InfiniteDuration();

bool EqualInConstantTime(const std::string& a, const std::string& b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

// One broken measurement would spoil every prediction, which uses the mean: none at all is better. Bounds that no slot
// comes near.
v1::Rates SoundRates(const v1::Rates& rates) {
  constexpr double kLeastFlops = 1e6, kMostFlops = 1e18, kLongestStepSeconds = 60, kLongestValueSeconds = 1e-3;
  for (const double flops :
       {rates.training_flops_per_second(), rates.answering_flops_per_second(), rates.intervening_flops_per_second()}) {
    if (!(flops >= kLeastFlops && flops <= kMostFlops)) return {};  // NaN too
  }
  for (const double value :
       {rates.training_value_seconds(), rates.answering_value_seconds(), rates.intervening_value_seconds()}) {
    if (!(value >= 0 && value <= kLongestValueSeconds)) return {};
  }
  constexpr int kMostGains = 16;  // of 2, 4, 8, .. threads
  if (rates.thread_gains_size() > kMostGains) return {};
  for (const v1::ThreadGain& gain : rates.thread_gains()) {
    if (!(gain.times() >= 0 && gain.times() <= static_cast<double>(gain.threads()) * 10)) return {};
  }
  const double step = rates.training_step_seconds();
  return step >= 0 && step <= kLongestStepSeconds ? rates : v1::Rates();
}

std::string Join(const std::string& a, const std::string& b) { return a.empty() ? b : absl::StrCat(a, "; ", b); }

}  // namespace

SlotSupervisor::SlotSupervisor(SlotConfig config, const SupervisionLimits& limits)
    : config_(std::move(config)), limits_(limits), asleep_(config_.quick), retry_at_(-kNever) {}

bool SlotSupervisor::WantsLaunch(absl::Duration now) const {
  const bool down = state_ == State::kBackingOff || state_ == State::kBroken;
  return down && !asleep_ && !shutting_down_ && Settled() && now >= retry_at_;
}

void SlotSupervisor::Launch(WorkerLauncher* launcher, const std::string& server, const std::string& token,
                            absl::Duration now) {
  state_ = State::kStarting;
  doomed_ = false;
  ++starts_;
  ++generation_;
  token_ = token;
  free_ = 0;
  terminate_ = Deadline();
  kill_at_ = break_link_at_ = kNever;
  blame_reason_.clear();
  blame_detail_.clear();
  starting_since_ = now;
  said_pid_ = 0;
  status_ = WorkerStatus();
  process_ =
      launcher->Launch({config_.name, config_.device, config_.threads, server, token, generation_, config_.quick});
}

void SlotSupervisor::Tick(absl::Duration now) {
  // Who was suspended, or starved, has read no heartbeats either.
  if (now - std::exchange(last_tick_, now) > limits_.heartbeat_timeout / 2) last_heard_ = now;
  if (process_ == nullptr) {
    if (link_ != nullptr && now >= break_link_at_) {
      break_link_at_ = kNever;
      link_->Break();
    }
    return;
  }
  WatchHealth(now);
  Escalate(now);
  PollProcess(now);
}

void SlotSupervisor::WatchHealth(absl::Duration now) {
  if (doomed_) return;
  const bool starting =
      state_ == State::kStarting && link_ == nullptr && status_.phase != WorkerStatus::Phase::kPending;
  if (starting && now - starting_since_ > limits_.start_timeout) {
    Blame("WORKER_LOST", absl::StrCat("no hello within ", absl::FormatDuration(limits_.start_timeout)));
    KillNow();
  } else if (link_ != nullptr && !delivering_ && now - last_heard_ > limits_.heartbeat_timeout) {
    Blame("HEARTBEAT_LOST", absl::StrCat("no heartbeat for ", absl::FormatDuration(now - last_heard_)));
    KillNow();
  }
}

void SlotSupervisor::Escalate(absl::Duration now) {
  if (const Deadline& due = FirstDeadline(); now >= due.at) {
    Blame(due.reason, due.detail);
    ClearDeadlines();
    kill_at_ = std::min(kill_at_, now + limits_.terminate_grace);
    Doom();
    process_->Terminate();
  }
  if (now >= kill_at_) {
    kill_at_ = kNever;
    KillNow();
  }
}

const SlotSupervisor::Deadline& SlotSupervisor::FirstDeadline() const {
  const Deadline* first = &terminate_;
  for (const auto& [task_id, deadline] : tasks_) {
    if (deadline.at <= first->at) first = &deadline;
  }
  return *first;
}

void SlotSupervisor::ClearDeadlines() {
  terminate_ = Deadline();
  for (auto& [task_id, deadline] : tasks_) deadline = Deadline();
}

void SlotSupervisor::PollProcess(absl::Duration now) {
  const bool was_pending = status_.phase == WorkerStatus::Phase::kPending;
  status_ = process_->Poll();
  if (was_pending || status_.phase == WorkerStatus::Phase::kPending) starting_since_ = now;
  if (status_.phase != WorkerStatus::Phase::kEnded) return;
  process_.reset();
  Doom();
  const WorkerExit& exit = status_.exit;
  blame_detail_ = Join(blame_detail_, exit.description);
  if (!exit.log_tail.empty()) blame_detail_ = absl::StrCat(blame_detail_, "; its log ends: ", exit.log_tail);
  ClearDeadlines();
  kill_at_ = kNever;
  if (link_ == nullptr) {
    Settle(now);
  } else {
    break_link_at_ = now + limits_.terminate_grace;  // what it sent before is still read
  }
}

absl::Status SlotSupervisor::Admit(const worker::v1::Hello& hello, WorkerLink* link, absl::Duration now) {
  const bool awaited = process_ != nullptr && !doomed_ && link_ == nullptr && !token_.empty();
  if (!EqualInConstantTime(hello.secret(), token_) || hello.generation() != generation_ || !awaited) {
    return MakeError(absl::StatusCode::kUnauthenticated, "WORKER_REFUSED",
                     absl::StrCat("this server did not start such a worker for slot ", config_.name));
  }
  if (hello.protocol() != kWorkerProtocol) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "PROTOCOL_MISMATCH",
                     absl::StrCat("the worker speaks protocol ", hello.protocol(), ", this server ", kWorkerProtocol));
  }
  token_.clear();  // good for one link
  said_pid_ = hello.pid();
  rates_ = SoundRates(hello.rates());
  link_ = link;
  last_heard_ = now;
  return absl::OkStatus();
}

void SlotSupervisor::EndDelivery(absl::Duration now) {
  delivering_ = false;
  last_heard_ = now;
}

void SlotSupervisor::LinkLost(const absl::Status& failure, absl::Duration now) {
  Doom();
  if (!failure.ok()) {
    Blame("TENSORS_UNREADABLE", std::string(failure.message()));
    if (process_ != nullptr) KillNow();
  } else if (process_ != nullptr && terminate_.at > now + limits_.terminate_grace) {
    terminate_ = {now + limits_.terminate_grace, "WORKER_LOST", "its link broke"};
  }
}

std::vector<SlotSupervisor::LostTask> SlotSupervisor::TakeLostTasks() {
  std::vector<LostTask> lost;
  for (const auto& [task_id, deadline] : tasks_) {
    lost.push_back({task_id, blame_reason_.empty() ? "WORKER_LOST" : blame_reason_, blame_detail_});
  }
  tasks_.clear();
  return lost;
}

void SlotSupervisor::DetachLink(absl::Duration now) {
  link_ = nullptr;
  delivering_ = false;
  Settle(now);
}

absl::Status SlotSupervisor::Assign(const worker::v1::Task& task, std::optional<TaskTensors> tensors) {
  if (free_ == 0 || doomed_ || shutting_down_) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "SLOT_NOT_IDLE",
                     absl::StrCat("slot ", config_.name, " cannot take a task now"));
  }
  state_ = State::kBusy;
  starts_ = 0;
  --free_;
  tasks_.try_emplace(task.task_id());
  link_->SendTask(task, std::move(tensors));
  return absl::OkStatus();
}

void SlotSupervisor::Acknowledge(const std::string& task_id, uint64_t sequence) {
  if (link_ != nullptr && !doomed_) link_->SendAck(task_id, sequence);
}

void SlotSupervisor::Cancel(const std::string& task_id, absl::Duration now) {
  if (!HasTask(task_id) || doomed_) return;
  link_->SendCancel(task_id);
  SetDeadline(task_id, now + limits_.cancel_grace,
              absl::StrCat("did not cancel within ", absl::FormatDuration(limits_.cancel_grace)));
}

void SlotSupervisor::Stop(const std::string& task_id, absl::Duration grace, absl::Duration now) {
  if (!HasTask(task_id) || doomed_) return;
  link_->SendStop(task_id);
  SetDeadline(task_id, now + grace, absl::StrCat("did not stop within ", absl::FormatDuration(grace)));
}

void SlotSupervisor::SetDeadline(const std::string& task_id, absl::Duration by, std::string detail) {
  Deadline& deadline = tasks_.at(task_id);
  if (by < deadline.at) deadline = {by, "WORKER_KILLED", std::move(detail)};
}

void SlotSupervisor::Finish(const std::string& task_id) {
  tasks_.erase(task_id);
  if (link_ != nullptr) link_->EndTask(task_id);
}

bool SlotSupervisor::BecomeIdle() {
  if (doomed_ || shutting_down_ || tasks_.size() >= config_.capacity) return false;
  free_ = config_.capacity - tasks_.size();
  state_ = tasks_.empty() ? State::kIdle : State::kBusy;
  detail_.clear();
  return true;
}

void SlotSupervisor::Restart(const std::string& why, absl::Duration now) {
  if (process_ == nullptr || link_ == nullptr || doomed_) return;
  Blame("WORKER_RESTARTED", why);
  Doom();
  link_->SendShutdown();
  terminate_ = {std::min(FirstDeadline().at, now + limits_.terminate_grace), "WORKER_RESTARTED", why};
}

void SlotSupervisor::Shutdown(absl::Duration now) {
  if (std::exchange(shutting_down_, true) || process_ == nullptr) return;
  if (link_ == nullptr) {
    KillNow();  // has nothing to lose yet
    return;
  }
  Blame("POOL_SHUTDOWN", "the server stops");
  link_->SendShutdown();
  terminate_ = {std::min(FirstDeadline().at, now + limits_.terminate_grace), "POOL_SHUTDOWN", ""};
}

v1::Slot SlotSupervisor::Describe() const {
  static constexpr const char* kNames[] = {"STARTING", "IDLE", "BUSY", "BACKING_OFF", "BROKEN"};
  v1::Slot slot;
  slot.set_name(config_.name);
  slot.set_device(config_.device);
  slot.set_threads(config_.threads);
  slot.set_state(asleep_ ? "ASLEEP" : kNames[static_cast<int>(state_)]);
  slot.set_quick(config_.quick);
  if (!tasks_.empty()) slot.set_job(tasks_.begin()->first);  // the API tells of one
  if (process_ != nullptr) slot.set_worker_pid(process_->pid() > 0 ? process_->pid() : said_pid_);
  slot.set_restarts(static_cast<uint32_t>(generation_ == 0 ? 0 : generation_ - 1));
  slot.set_detail(Detail());
  if (rates_.training_flops_per_second() > 0) *slot.mutable_rates() = rates_;
  return slot;
}

std::optional<std::string> SlotSupervisor::WhyNoWorker() const {
  const bool down = state_ == State::kBackingOff || state_ == State::kBroken;
  // `starts_` counts this start, too: the one before it brought no worker to a task.
  const bool tries_again = state_ == State::kStarting && link_ == nullptr && !Pending() && starts_ > 1;
  return down || tries_again ? std::make_optional(Detail()) : std::nullopt;
}

bool SlotSupervisor::Pending() const {
  return state_ == State::kStarting && link_ == nullptr && status_.phase == WorkerStatus::Phase::kPending;
}

std::string SlotSupervisor::Detail() const {
  if (Pending()) return status_.detail;
  if (state_ != State::kBroken) return detail_;
  return absl::StrCat(starts_, " starts in a row failed; the next is tried every ",
                      absl::FormatDuration(limits_.restart_delay_max), "; the last: ", detail_);
}

void SlotSupervisor::Blame(const std::string& reason, const std::string& detail) {
  if (!blame_reason_.empty()) return;
  blame_reason_ = reason;
  blame_detail_ = detail;
}

void SlotSupervisor::KillNow() {
  Doom();
  process_->Kill();
}

void SlotSupervisor::Doom() {
  doomed_ = true;
  if (state_ == State::kIdle) state_ = State::kBackingOff;
}

void SlotSupervisor::Settle(absl::Duration now) {
  detail_ = blame_detail_;
  if (!shutting_down_ && starts_ >= limits_.restart_budget) {
    state_ = State::kBroken;
    retry_at_ = now + limits_.restart_delay_max;
    return;
  }
  state_ = State::kBackingOff;
  retry_at_ = now + BackOffDelay(starts_, limits_.restart_delay_first, limits_.restart_delay_max);
}

}  // namespace sumscope::workers

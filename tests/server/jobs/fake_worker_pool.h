#ifndef SUMSCOPE_TESTS_SERVER_JOBS_FAKE_WORKER_POOL_H_
#define SUMSCOPE_TESTS_SERVER_JOBS_FAKE_WORKER_POOL_H_

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "proto/contract/base/mutex.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/limits.h"
#include "server/workers/worker_pool.h"

namespace sumscope::jobs {

// A worker pool without processes: the test says what its workers do and send. It keeps what WorkerPool promises
// (tests/server/workers/contract), unless the test lets a worker lie. Waits end by notification; one that takes longer
// than kPatience returns false. Thread-safe.
class FakeWorkerPool final : public workers::WorkerPool {
 public:
  static constexpr std::chrono::milliseconds kPatience{20'000};

  // A task, and the tensors that went with it, once all of them have been read.
  struct Given {
    std::string slot;
    worker::v1::Task task;
    worker::v1::TensorSetBegin tensors;
    std::string tensor_bytes;
  };

  ~FakeWorkerPool() override { Shutdown(); }

  absl::Status Start(workers::WorkerListener* listener) override {
    MutexLock lock(&mutex_);
    listener_ = listener;
    return absl::OkStatus();
  }

  absl::Status Assign(const std::string& slot, const worker::v1::Task& task,
                      std::optional<workers::TaskTensors> tensors) override {
    MutexLock lock(&mutex_);
    const auto found = slots_.find(slot);
    if (found == slots_.end()) {
      return MakeError(absl::StatusCode::kNotFound, "SLOT_NOT_FOUND", "there is no slot " + slot);
    }
    if (!assign_error_.ok()) {
      found->second.state = State::kStarting;
      return std::exchange(assign_error_, absl::OkStatus());
    }
    if (shut_down_ || found->second.state != State::kIdle) {
      return MakeError(absl::StatusCode::kFailedPrecondition, "SLOT_NOT_IDLE", slot + " cannot take a task now");
    }
    found->second = {State::kBusy, task.task_id(), 0};
    Given given;
    given.slot = slot;
    given.task = task;
    if (!tensors.has_value()) {
      Give(std::move(given));
      return absl::OkStatus();
    }
    given.tensors = tensors->begin;
    readers_.emplace_back([this, given = std::move(given), from = *std::move(tensors)]() mutable {
      ReadTensors(std::move(given), from);
    });
    return absl::OkStatus();
  }

  // Also of a task that is over: its end is acknowledged after it.
  void Acknowledge(const std::string& /*slot*/, const std::string& task_id, uint64_t sequence) override {
    MutexLock lock(&mutex_);
    acknowledged_[task_id] = std::max(acknowledged_[task_id], sequence);
    changed_.NotifyAll();
  }
  void Cancel(const std::string& slot, const std::string& task_id) override {
    MutexLock lock(&mutex_);
    if (Has(slot, task_id)) cancelled_.insert(task_id);
    changed_.NotifyAll();
  }
  void Stop(const std::string& slot, const std::string& task_id, absl::Duration /*grace*/) override {
    MutexLock lock(&mutex_);
    if (Has(slot, task_id)) stopped_.insert(task_id);
    changed_.NotifyAll();
  }
  void Wake(const std::string& slot) override {
    MutexLock lock(&mutex_);
    woken_.insert(slot);
    changed_.NotifyAll();
  }
  void Restart(const std::string& slot, const std::string& /*why*/) override { Lose(slot, "WORKER_RESTARTED"); }
  // Those whose names begin with "quick-" are of the quick lane.
  std::vector<v1::Slot> Slots() const override {
    static constexpr const char* kNames[] = {"STARTING", "IDLE", "BUSY", "BUSY"};
    MutexLock lock(&mutex_);
    std::vector<v1::Slot> all;
    for (const auto& [name, slot] : slots_) {
      v1::Slot& described = all.emplace_back();
      described.set_name(name);
      described.set_device("cpu");
      described.set_threads(1);
      described.set_quick(name.rfind("quick-", 0) == 0);
      described.set_state(kNames[static_cast<int>(slot.state)]);
      described.set_job(slot.current());
    }
    return all;
  }
  std::string WhyNoWorker() const override {
    MutexLock lock(&mutex_);
    return why_no_worker_;
  }
  void Shutdown() override {
    std::vector<std::thread> readers;
    std::map<std::string, std::string> lost;  // tasks by slot
    {
      MutexLock lock(&mutex_);
      shut_down_ = true;
      for (auto& [name, slot] : slots_) {
        if (!slot.current().empty()) lost[name] = slot.current();
        slot.state = State::kStarting;
      }
      readers.swap(readers_);
    }
    for (std::thread& reader : readers) reader.join();
    for (const auto& [slot, task_id] : lost) TellLost(slot, task_id, "POOL_SHUTDOWN", "the server stops");
    FallSilent();
  }

  // The test's side.
  // The slot's worker is idle: a new one, which says hello before, or the one whose task is over. Nothing where it is
  // idle or has a task already, and after Shutdown.
  void Idle(const std::string& slot) {
    bool is_new = false;
    {
      MutexLock lock(&mutex_);
      const State state = slots_[slot].state;
      if (shut_down_ || state == State::kIdle || state == State::kBusy) return;
      is_new = state == State::kStarting;
    }
    if (is_new) SayHello(slot);
    {
      MutexLock lock(&mutex_);
      slots_[slot].state = State::kIdle;
    }
    Tell([&](workers::WorkerListener* listener) { listener->OnIdle(slot); });
  }
  // Sends a message of the task that the slot has, or had last, with the next sequence; returns the sequence.
  uint64_t Send(const std::string& slot, worker::v1::WorkerMessage message) {
    {
      MutexLock lock(&mutex_);
      Slot& sender = slots_[slot];
      message.set_task_id(sender.task_id);
      message.set_sequence(++sender.sequence);
    }
    const uint64_t sequence = message.sequence();
    SendAsItIs(slot, std::move(message));
    return sequence;
  }
  // Sends what a sound worker, or the pool in between, would not.
  void SendAsItIs(const std::string& slot, worker::v1::WorkerMessage message) {
    if (message.has_finished()) {
      MutexLock lock(&mutex_);
      if (Has(slot, message.task_id())) slots_[slot].state = State::kDone;
    }
    Tell([&](workers::WorkerListener* listener) { listener->OnMessage(slot, std::move(message)); });
  }
  // The task ends, and the slot is idle again.
  uint64_t Finish(const std::string& slot, worker::v1::Finished finished) {
    worker::v1::WorkerMessage message;
    *message.mutable_finished() = std::move(finished);
    const uint64_t sequence = Send(slot, std::move(message));
    Idle(slot);
    return sequence;
  }
  // The worker dies, with its task if it has one; a new one is idle.
  void Lose(const std::string& slot, const std::string& reason = "WORKER_LOST") {
    std::string task_id;
    {
      MutexLock lock(&mutex_);
      task_id = slots_[slot].current();
    }
    LoseTask(slot, task_id, reason, "it is gone");
  }
  // Nothing of its workers reaches the server any more: it is about to die, and they with it.
  void FallSilent() {
    MutexLock lock(&mutex_);
    listener_ = nullptr;
    while (telling_ > 0) changed_.Wait(&mutex_);
  }
  // What WhyNoWorker says from now on.
  void SetWhyNoWorker(std::string why) {
    MutexLock lock(&mutex_);
    why_no_worker_ = std::move(why);
  }
  // A slot that has no worker yet.
  void AddSlot(const std::string& slot) {
    MutexLock lock(&mutex_);
    slots_[slot];
  }
  // In the moment of the next Assign the slot's worker restarts; Idle says when the next one is there.
  void FailNextAssign(absl::Status error) {
    MutexLock lock(&mutex_);
    assign_error_ = std::move(error);
  }

  // Waits for the next task that was not taken by this call before.
  bool WaitForTask(Given* given) {
    return Wait([this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return taken_ < given_.size(); },
                [this, given]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { *given = given_[taken_++]; });
  }
  bool WaitForAcknowledged(const std::string& task_id, uint64_t sequence) {
    return Wait([&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return acknowledged_[task_id] >= sequence; });
  }
  bool WaitForCancel(const std::string& task_id) {
    return Wait([&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return cancelled_.count(task_id) > 0; });
  }
  bool WaitForStop(const std::string& task_id) {
    return Wait([&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stopped_.count(task_id) > 0; });
  }
  bool WaitForWake(const std::string& slot) {
    return Wait([&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return woken_.count(slot) > 0; });
  }
  uint64_t acknowledged(const std::string& task_id) {
    MutexLock lock(&mutex_);
    return acknowledged_[task_id];
  }
  size_t tasks_given() {
    MutexLock lock(&mutex_);
    return given_.size();
  }

 private:
  enum class State { kStarting, kIdle, kBusy, kDone };  // kDone: its task is over, and it is not idle yet
  struct Slot {
    State state = State::kStarting;
    std::string task_id;  // that it has, or had last
    uint64_t sequence = 0;
    std::string current() const { return state == State::kBusy ? task_id : ""; }
  };

  bool Has(const std::string& slot, const std::string& task_id) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const auto found = slots_.find(slot);
    return found != slots_.end() && !task_id.empty() && found->second.current() == task_id;
  }
  void Give(Given given) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    given_.push_back(std::move(given));
    changed_.NotifyAll();
  }
  // Piece by piece, as they are sent, and no longer than the task goes on.
  void ReadTensors(Given given, const workers::TaskTensors& from) {
    const std::string task_id = given.task.task_id();
    while (given.tensor_bytes.size() < from.data_bytes) {
      {
        MutexLock lock(&mutex_);
        if (!Has(given.slot, task_id)) return;
      }
      const uint64_t at = given.tensor_bytes.size();
      const uint64_t length = std::min<uint64_t>(limits::kMaxChunkBytes, from.data_bytes - at);
      const absl::StatusOr<std::string> bytes = from.read(at, length);
      if (!bytes.ok() || bytes->size() != length) {
        return LoseTask(given.slot, task_id, "TENSORS_UNREADABLE", std::string(bytes.status().message()));
      }
      given.tensor_bytes += *bytes;
    }
    MutexLock lock(&mutex_);
    Give(std::move(given));
  }
  // Nothing when the slot has another task, or none, by now.
  void LoseTask(const std::string& slot, const std::string& task_id, const std::string& reason,
                const std::string& detail) {
    {
      MutexLock lock(&mutex_);
      if (slots_[slot].current() != task_id) return;
      slots_[slot].state = State::kStarting;
    }
    if (!task_id.empty()) TellLost(slot, task_id, reason, detail);
    Idle(slot);
  }
  void SayHello(const std::string& slot) {
    worker::v1::WorkerMessage message;
    message.mutable_hello()->set_protocol(1);
    message.mutable_hello()->set_slot(slot);
    Tell([&](workers::WorkerListener* listener) { listener->OnMessage(slot, std::move(message)); });
  }
  void TellLost(const std::string& slot, const std::string& task_id, const std::string& reason,
                const std::string& detail) {
    Tell([&](workers::WorkerListener* listener) { listener->OnLost(slot, task_id, reason, detail); });
  }
  // Calls the listener, unless it is to hear nothing any more; FallSilent waits for the call.
  void Tell(const std::function<void(workers::WorkerListener*)>& call) {
    workers::WorkerListener* listener = nullptr;
    {
      MutexLock lock(&mutex_);
      if (listener_ == nullptr) return;
      listener = listener_;
      ++telling_;
    }
    call(listener);
    MutexLock lock(&mutex_);
    --telling_;
    changed_.NotifyAll();
  }
  bool Wait(
      const std::function<bool()>& condition, const std::function<void()>& then = [] {}) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    MutexLock lock(&mutex_);
    while (!condition()) {
      if (std::chrono::steady_clock::now() >= deadline) return false;
      changed_.WaitFor(&mutex_, std::chrono::milliseconds(1000));
    }
    then();
    return true;
  }

  mutable Mutex mutex_;
  CondVar changed_;
  workers::WorkerListener* listener_ ABSL_GUARDED_BY(mutex_) = nullptr;
  int telling_ ABSL_GUARDED_BY(mutex_) = 0;  // calls to the listener that go on
  bool shut_down_ ABSL_GUARDED_BY(mutex_) = false;
  std::map<std::string, Slot> slots_ ABSL_GUARDED_BY(mutex_);
  std::string why_no_worker_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::thread> readers_ ABSL_GUARDED_BY(mutex_);  // of tensors; each ends by itself
  std::vector<Given> given_ ABSL_GUARDED_BY(mutex_);
  size_t taken_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::string, uint64_t> acknowledged_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> cancelled_ ABSL_GUARDED_BY(mutex_), stopped_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> woken_ ABSL_GUARDED_BY(mutex_);
  absl::Status assign_error_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_TESTS_SERVER_JOBS_FAKE_WORKER_POOL_H_

#ifndef SUMSCOPE_TESTS_SERVER_JOBS_FAKE_WORKER_POOL_H_
#define SUMSCOPE_TESTS_SERVER_JOBS_FAKE_WORKER_POOL_H_

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "proto/contract/base/mutex.h"
#include "server/workers/worker_pool.h"

namespace sumscope::jobs {

// A worker pool without processes: the test says what its workers send. Waits end by notification; one that takes
// longer than kPatience returns false. Thread-safe.
class FakeWorkerPool : public workers::WorkerPool {
 public:
  static constexpr std::chrono::milliseconds kPatience{20'000};

  struct Given {
    std::string slot;
    worker::v1::Task task;
    worker::v1::TensorSetBegin tensors;
    std::string tensor_bytes;
  };

  absl::Status Start(workers::WorkerListener* listener) override {
    MutexLock lock(&mutex_);
    listener_ = listener;
    return absl::OkStatus();
  }

  absl::Status Assign(const std::string& slot, const worker::v1::Task& task,
                      std::optional<workers::TaskTensors> tensors) override {
    Given given;
    given.slot = slot;
    given.task = task;
    if (tensors.has_value()) {
      given.tensors = tensors->begin;
      const absl::StatusOr<std::string> bytes = tensors->read(0, tensors->data_bytes);
      if (!bytes.ok()) return bytes.status();
      given.tensor_bytes = *bytes;
    }
    MutexLock lock(&mutex_);
    if (!assign_error_.ok()) {
      const absl::Status error = assign_error_;
      assign_error_ = absl::OkStatus();
      return error;
    }
    current_[slot] = task.task_id();
    sequences_[slot] = 0;
    given_.push_back(std::move(given));
    changed_.NotifyAll();
    return absl::OkStatus();
  }

  void Acknowledge(const std::string& /*slot*/, const std::string& task_id, uint64_t sequence) override {
    MutexLock lock(&mutex_);
    acknowledged_[task_id] = std::max(acknowledged_[task_id], sequence);
    changed_.NotifyAll();
  }
  void Cancel(const std::string& /*slot*/, const std::string& task_id) override {
    MutexLock lock(&mutex_);
    cancelled_.insert(task_id);
    changed_.NotifyAll();
  }
  void Stop(const std::string& /*slot*/, const std::string& task_id, absl::Duration /*grace*/) override {
    MutexLock lock(&mutex_);
    stopped_.insert(task_id);
    changed_.NotifyAll();
  }
  std::vector<v1::Slot> Slots() const override {
    MutexLock lock(&mutex_);
    return slots_;
  }
  void Shutdown() override {
    MutexLock lock(&mutex_);
    listener_ = nullptr;
  }

  // The test's side.
  // Tells nobody where a drain has ended meanwhile.
  void Idle(const std::string& slot) {
    if (workers::WorkerListener* const told = listener()) told->OnIdle(slot);
  }
  // Sends a message of the slot's task with the next sequence; returns the sequence.
  uint64_t Send(const std::string& slot, worker::v1::WorkerMessage message) {
    uint64_t sequence = 0;
    {
      MutexLock lock(&mutex_);
      message.set_task_id(current_[slot]);
      sequence = ++sequences_[slot];
    }
    message.set_sequence(sequence);
    listener()->OnMessage(slot, std::move(message));
    return sequence;
  }
  void SendAsItIs(const std::string& slot, worker::v1::WorkerMessage message) {
    listener()->OnMessage(slot, std::move(message));
  }
  // The task ends, and the slot is idle again.
  uint64_t Finish(const std::string& slot, worker::v1::Finished finished) {
    worker::v1::WorkerMessage message;
    *message.mutable_finished() = std::move(finished);
    const uint64_t sequence = Send(slot, std::move(message));
    Idle(slot);
    return sequence;
  }
  // The worker dies; a new one is idle.
  void Lose(const std::string& slot, const std::string& reason = "WORKER_LOST") {
    std::string task_id;
    {
      MutexLock lock(&mutex_);
      task_id = current_[slot];
    }
    listener()->OnLost(slot, task_id, reason, "it is gone");
    Idle(slot);
  }
  void SetSlots(std::vector<v1::Slot> slots) {
    MutexLock lock(&mutex_);
    slots_ = std::move(slots);
  }
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
  uint64_t acknowledged(const std::string& task_id) {
    MutexLock lock(&mutex_);
    return acknowledged_[task_id];
  }
  size_t tasks_given() {
    MutexLock lock(&mutex_);
    return given_.size();
  }

 private:
  workers::WorkerListener* listener() {
    MutexLock lock(&mutex_);
    return listener_;
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
  std::vector<Given> given_ ABSL_GUARDED_BY(mutex_);
  size_t taken_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::string, std::string> current_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, uint64_t> sequences_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, uint64_t> acknowledged_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> cancelled_ ABSL_GUARDED_BY(mutex_), stopped_ ABSL_GUARDED_BY(mutex_);
  std::vector<v1::Slot> slots_ ABSL_GUARDED_BY(mutex_);
  absl::Status assign_error_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_TESTS_SERVER_JOBS_FAKE_WORKER_POOL_H_

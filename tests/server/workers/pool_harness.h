#ifndef SUMSCOPE_TESTS_SERVER_WORKERS_POOL_HARNESS_H_
#define SUMSCOPE_TESTS_SERVER_WORKERS_POOL_HARNESS_H_

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/contract/base/mutex.h"
#include "server/workers/launch/local/local_launcher.h"
#include "server/workers/pool/local_worker_pool.h"
#include "tests/server/workers/temp_directory.h"

namespace sumscope::workers {

inline std::string FakeWorkerPath() { return SUMSCOPE_BINARY_DIR "/tests/fake_worker"; }

// What a listener heard: "idle", "hello", a message's body, or "lost".
struct Heard {
  std::string slot, what;
  worker::v1::WorkerMessage message;
  std::string task_id, reason, detail;  // of lost
};

// Keeps all it hears, acknowledges every message, and lets a test wait for what it expects. Thread-safe.
class RecordingListener final : public WorkerListener {
 public:
  // Called first, outside the lock.
  using Hook = std::function<void(const Heard& heard)>;
  explicit RecordingListener(Hook hook = nullptr) : hook_(std::move(hook)) {}
  void set_pool(WorkerPool* pool) { pool_ = pool; }

  void OnIdle(const std::string& slot) override { Keep({slot, "idle", {}, "", "", ""}); }
  void OnMessage(const std::string& slot, worker::v1::WorkerMessage message) override {
    const std::string task_id = message.task_id();
    const uint64_t sequence = message.sequence();
    const auto* field =
        message.GetReflection()->GetOneofFieldDescriptor(message, message.GetDescriptor()->FindOneofByName("body"));
    Keep({slot, field->name(), std::move(message), "", "", ""});
    if (sequence > 0) pool_->Acknowledge(slot, task_id, sequence);
  }
  void OnLost(const std::string& slot, const std::string& task_id, const std::string& reason,
              const std::string& detail) override {
    Keep({slot, "lost", {}, task_id, reason, detail});
  }

  // Whether `what` was heard at least `times` times before `timeout`.
  bool Await(const std::string& what, size_t times = 1, std::chrono::seconds timeout = std::chrono::seconds(30)) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    MutexLock lock(&mutex_);
    while (CountLocked(what) < times) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      if (left.count() <= 0) return false;
      changed_.WaitFor(&mutex_, left);
    }
    return true;
  }
  size_t Count(const std::string& what) {
    MutexLock lock(&mutex_);
    return CountLocked(what);
  }
  std::vector<Heard> All() {
    MutexLock lock(&mutex_);
    return heard_;
  }
  // The latest of its kind, which must have been heard.
  Heard Last(const std::string& what) {
    MutexLock lock(&mutex_);
    for (size_t i = heard_.size(); i > 0; --i) {
      if (heard_[i - 1].what == what) return heard_[i - 1];
    }
    return {};
  }

 private:
  void Keep(Heard heard) {
    if (hook_) hook_(heard);
    MutexLock lock(&mutex_);
    heard_.push_back(std::move(heard));
    changed_.NotifyAll();
  }
  size_t CountLocked(const std::string& what) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    size_t count = 0;
    for (const Heard& heard : heard_) count += heard.what == what;
    return count;
  }

  const Hook hook_;
  WorkerPool* pool_ = nullptr;
  Mutex mutex_;
  CondVar changed_;
  std::vector<Heard> heard_ ABSL_GUARDED_BY(mutex_);
};

// A pool of fake workers with short waits.
class PoolHarness {
 public:
  explicit PoolHarness(std::vector<std::string> worker_arguments, RecordingListener::Hook hook = nullptr)
      : listener_(std::move(hook)), launcher_({FakeWorkerPath(), std::move(worker_arguments), directory_.path(), 10}) {
    options_.slots = {{"cpu0", "cpu", 2}};
    options_.socket_path = absl::StrCat(directory_.path(), "/worker.sock");
    options_.limits.cancel_grace = absl::Milliseconds(100);
    options_.limits.terminate_grace = absl::Milliseconds(500);
    options_.limits.restart_delay_first = absl::Milliseconds(1);
    options_.limits.restart_delay_max = absl::Milliseconds(4);
  }
  LocalWorkerPoolOptions& options() { return options_; }
  // Launches with this one, and not with its own.
  void UseLauncher(std::unique_ptr<WorkerLauncher> launcher) { other_launcher_ = std::move(launcher); }
  LocalLauncher& launcher() { return launcher_; }
  const std::string& directory() const { return directory_.path(); }

  absl::Status Start() {
    WorkerLauncher* const used = other_launcher_ == nullptr ? &launcher_ : other_launcher_.get();
    absl::StatusOr<std::unique_ptr<WorkerPool>> pool =
        CreateLocalWorkerPool(options_, used, Clock::Real(), IdSource::Real());
    if (!pool.ok()) return pool.status();
    pool_ = *std::move(pool);
    listener_.set_pool(pool_.get());
    return pool_->Start(&listener_);
  }
  absl::Status Assign(const std::string& task_id, std::optional<TaskTensors> tensors = std::nullopt) {
    worker::v1::Task task;
    task.set_task_id(task_id);
    task.mutable_train();
    return pool_->Assign("cpu0", task, std::move(tensors));
  }
  WorkerPool& pool() { return *pool_; }
  RecordingListener& listener() { return listener_; }
  v1::Slot Slot() { return pool_->Slots().at(0); }

 private:
  TempDirectory directory_;
  RecordingListener listener_;
  LocalLauncher launcher_;
  std::unique_ptr<WorkerLauncher> other_launcher_;
  LocalWorkerPoolOptions options_;
  std::unique_ptr<WorkerPool> pool_;  // destroyed first: ends every worker
};

}  // namespace sumscope::workers

#endif  // SUMSCOPE_TESTS_SERVER_WORKERS_POOL_HARNESS_H_

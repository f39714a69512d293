#ifndef SUMSCOPE_SERVER_GUARD_GUARDED_POOL_H_
#define SUMSCOPE_SERVER_GUARD_GUARDED_POOL_H_

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "proto/contract/base/mutex.h"
#include "server/devices/device_monitor.h"
#include "server/workers/worker_pool.h"

namespace sumscope::guard {

// A worker pool that holds its workers against what the monitor sees of their GPUs. Slots of the CPU it leaves alone.
//
//   a worker on another GPU than its slot's         is restarted, before it gets a task
//   after each task                                 the slot is idle only once its worker has given memory back
//   a worker that has not within kReturnTime        is restarted
//   others come to a GPU, or it is lost             tasks there have that in their log
//
// Tells the listener of that in messages without a number. Thread-safe, as the pool is.
class GuardedPool final : public workers::WorkerPool, private workers::WorkerListener {
 public:
  // `monitor` outlives it, and has Hear called for each of its events.
  GuardedPool(std::unique_ptr<workers::WorkerPool> pool, devices::DeviceMonitor* monitor);
  ~GuardedPool() override { Shutdown(); }

  void Hear(const devices::DeviceEvent& event);

  absl::Status Start(workers::WorkerListener* listener) override;
  absl::Status Assign(const std::string& slot, const worker::v1::Task& task,
                      std::optional<workers::TaskTensors> tensors) override;
  void Acknowledge(const std::string& slot, const std::string& task_id, uint64_t sequence) override;
  void Cancel(const std::string& slot, const std::string& task_id) override;
  void Stop(const std::string& slot, const std::string& task_id, absl::Duration grace) override;
  void Wake(const std::string& slot) override { pool_->Wake(slot); }
  void Restart(const std::string& slot, const std::string& why) override { pool_->Restart(slot, why); }
  std::vector<v1::Slot> Slots() const override { return pool_->Slots(); }
  std::string WhyNoWorker() const override { return pool_->WhyNoWorker(); }
  void Shutdown() override;

 private:
  // A slot of a GPU, and its worker.
  struct Slot {
    std::string device;
    int64_t pid = 0;
    uint64_t baseline = 0;    // bytes that the worker held before its first task
    bool has_worked = false;  // since it said hello
    std::set<std::string> tasks;
    bool returns = false;  // memory, as of now
    bool idle = false;     // said so meanwhile
  };

  void OnIdle(const std::string& slot) override;
  void OnMessage(const std::string& slot, worker::v1::WorkerMessage message) override;
  void OnLost(const std::string& slot, const std::string& task_id, const std::string& reason,
              const std::string& detail) override;

  // The worker's GPU is its slot's, and how much it holds is known from here on.
  absl::Status Meet(const std::string& slot, const worker::v1::Hello& hello);
  void TaskEnded(const std::string& slot, const std::string& task_id);
  void TellTasks(const devices::DeviceEvent& event);
  void EndReturn(const devices::DeviceEvent& event);
  Slot* FindLocked(const std::string& slot) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::unique_ptr<workers::WorkerPool> pool_;
  devices::DeviceMonitor* const monitor_;
  workers::WorkerListener* listener_ = nullptr;  // set by Start

  Mutex hear_mutex_;  // held by Hear, so that none goes on after Shutdown; taken before mutex_
  bool shut_down_ ABSL_GUARDED_BY(hear_mutex_) = false;
  Mutex mutex_;
  std::map<std::string, Slot> slots_ ABSL_GUARDED_BY(mutex_);  // of GPUs, by name; never grows or shrinks
};

}  // namespace sumscope::guard

#endif  // SUMSCOPE_SERVER_GUARD_GUARDED_POOL_H_

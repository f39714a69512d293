#include "server/guard/guarded_pool.h"

#include <algorithm>
#include <utility>

namespace sumscope::guard {

GuardedPool::GuardedPool(std::unique_ptr<workers::WorkerPool> pool, devices::DeviceMonitor* monitor)
    : pool_(std::move(pool)), monitor_(monitor) {
  MutexLock lock(&mutex_);
  for (const v1::Slot& slot : pool_->Slots()) {
    if (slot.device() != "cpu") slots_[slot.name()].device = slot.device();
  }
}

absl::Status GuardedPool::Start(workers::WorkerListener* listener) {
  listener_ = listener;
  return pool_->Start(this);
}

void GuardedPool::Shutdown() {
  pool_->Shutdown();
  MutexLock lock(&hear_mutex_);
  shut_down_ = true;
}

absl::Status GuardedPool::Assign(const std::string& slot, const worker::v1::Task& task,
                                 std::optional<workers::TaskTensors> tensors) {
  {
    MutexLock lock(&mutex_);
    if (Slot* const found = FindLocked(slot)) {
      // A look may have come before the worker had all that it always holds.
      if (!found->has_worked)
        found->baseline = std::max(found->baseline, monitor_->MemoryOf(found->device, found->pid));
      found->tasks.insert(task.task_id());
    }
  }
  const absl::Status assigned = pool_->Assign(slot, task, std::move(tensors));
  MutexLock lock(&mutex_);
  Slot* const found = FindLocked(slot);
  if (found != nullptr && assigned.ok()) found->has_worked = true;
  if (found != nullptr && !assigned.ok()) found->tasks.erase(task.task_id());
  return assigned;
}

void GuardedPool::Acknowledge(const std::string& slot, const std::string& task_id, uint64_t sequence) {
  pool_->Acknowledge(slot, task_id, sequence);
}

void GuardedPool::Cancel(const std::string& slot, const std::string& task_id) { pool_->Cancel(slot, task_id); }

void GuardedPool::Stop(const std::string& slot, const std::string& task_id, absl::Duration grace) {
  pool_->Stop(slot, task_id, grace);
}

void GuardedPool::OnMessage(const std::string& slot, worker::v1::WorkerMessage message) {
  absl::Status met;
  if (message.has_hello()) met = Meet(slot, message.hello());
  if (message.has_finished()) TaskEnded(slot, message.task_id());
  // A worker that ends takes no task, and its slot does not say that it is idle.
  if (!met.ok()) pool_->Restart(slot, std::string(met.message()));
  listener_->OnMessage(slot, std::move(message));
}

absl::Status GuardedPool::Meet(const std::string& slot, const worker::v1::Hello& hello) {
  std::string device;
  {
    MutexLock lock(&mutex_);
    Slot* const found = FindLocked(slot);
    if (found == nullptr) return absl::OkStatus();
    device = found->device;
    *found = Slot();
    found->device = device;
    found->pid = hello.pid();
  }
  monitor_->Look();
  const uint64_t held = monitor_->MemoryOf(device, hello.pid());
  {
    MutexLock lock(&mutex_);
    FindLocked(slot)->baseline = held;
  }
  return monitor_->CheckBinding(device, hello.device_uuid());
}

void GuardedPool::TaskEnded(const std::string& slot, const std::string& task_id) {
  std::string device;
  int64_t pid;
  uint64_t baseline;
  {
    MutexLock lock(&mutex_);
    Slot* const found = FindLocked(slot);
    if (found == nullptr) return;
    found->tasks.erase(task_id);
    if (!found->tasks.empty()) return;
    found->returns = true;
    device = found->device;
    pid = found->pid;
    baseline = found->baseline;
  }
  monitor_->WatchReturn(device, pid, baseline);
}

void GuardedPool::OnIdle(const std::string& slot) {
  {
    MutexLock lock(&mutex_);
    Slot* const found = FindLocked(slot);
    if (found != nullptr && found->returns) {
      found->idle = true;
      return;
    }
  }
  listener_->OnIdle(slot);
}

void GuardedPool::OnLost(const std::string& slot, const std::string& task_id, const std::string& reason,
                         const std::string& detail) {
  {
    MutexLock lock(&mutex_);
    if (Slot* const found = FindLocked(slot)) found->tasks.erase(task_id);
  }
  listener_->OnLost(slot, task_id, reason, detail);
}

void GuardedPool::Hear(const devices::DeviceEvent& event) {
  using Kind = devices::DeviceEvent::Kind;
  MutexLock lock(&hear_mutex_);
  if (shut_down_ || listener_ == nullptr) return;
  if (event.kind == Kind::kMemoryReturned || event.kind == Kind::kMemoryKept) {
    EndReturn(event);
  } else {
    TellTasks(event);
  }
}

void GuardedPool::EndReturn(const devices::DeviceEvent& event) {
  const bool kept = event.kind == devices::DeviceEvent::Kind::kMemoryKept;
  std::vector<std::string> idle, restart;
  {
    MutexLock lock(&mutex_);
    for (auto& [name, slot] : slots_) {
      if (!slot.returns || slot.device != event.device || slot.pid != event.pid) continue;
      slot.returns = false;
      if (kept) restart.push_back(name);
      if (std::exchange(slot.idle, false) && !kept) idle.push_back(name);
    }
  }
  for (const std::string& slot : restart) pool_->Restart(slot, event.text);
  for (const std::string& slot : idle) listener_->OnIdle(slot);
}

void GuardedPool::TellTasks(const devices::DeviceEvent& event) {
  std::vector<std::pair<std::string, std::string>> tasks;
  {
    MutexLock lock(&mutex_);
    for (const auto& [name, slot] : slots_) {
      if (slot.device != event.device) continue;
      for (const std::string& task : slot.tasks) tasks.emplace_back(name, task);
    }
  }
  using Kind = devices::DeviceEvent::Kind;
  const bool bad = event.kind == Kind::kBusyOutside || event.kind == Kind::kLost;
  for (const auto& [slot, task] : tasks) listener_->OnNote(slot, task, bad ? "WARNING" : "INFO", event.text);
}

GuardedPool::Slot* GuardedPool::FindLocked(const std::string& slot) {
  const auto found = slots_.find(slot);
  return found == slots_.end() ? nullptr : &found->second;
}

}  // namespace sumscope::guard

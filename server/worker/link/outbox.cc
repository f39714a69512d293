#include "server/worker/link/outbox.h"

#include "proto/contract/errors/errors.h"

namespace sumscope::worker {
namespace {

absl::Status LinkLost() {
  return MakeError(absl::StatusCode::kUnavailable, "LINK_LOST", "the link to the server is gone");
}

bool WithinTensorSet(const v1::WorkerMessage& message) {
  return message.has_tensor_chunk() || message.has_tensor_set_end();
}

}  // namespace

void Outbox::BeginTask(const std::string& task_id) {
  MutexLock lock(&mutex_);
  task_id_ = task_id;
  last_sequence_ = 0;
  cancelled_ = false;
  unacknowledged_.clear();  // what the server drops with an ended task is acknowledged never
  unacknowledged_bytes_ = 0;
}

bool Outbox::HasRoom(const v1::WorkerMessage& message) const {
  if (unsent_bytes_ >= max_unsent_bytes_) return false;
  return cancelled_ || WithinTensorSet(message) || message.has_finished() ||
         unacknowledged_bytes_ < max_unacknowledged_bytes_;
}

absl::Status Outbox::Send(v1::WorkerMessage message) {
  const size_t bytes = message.ByteSizeLong();
  MutexLock lock(&mutex_);
  while (!aborted_ && !closed_ && !HasRoom(message)) changed_.Wait(&mutex_);
  if (aborted_ || closed_) return LinkLost();
  message.set_task_id(task_id_);
  if (!message.has_analysis_progress()) {  // superseded by the next one: nobody waits for its commit
    message.set_sequence(++last_sequence_);
    unacknowledged_.emplace_back(last_sequence_, bytes);
    unacknowledged_bytes_ += bytes;
  }
  queue_.emplace_back(std::move(message), bytes);
  unsent_bytes_ += bytes;
  changed_.NotifyAll();
  return absl::OkStatus();
}

absl::Status Outbox::WaitUntilAcknowledged() {
  MutexLock lock(&mutex_);
  while (!aborted_ && !closed_ && !cancelled_ && !unacknowledged_.empty()) changed_.Wait(&mutex_);
  if (unacknowledged_.empty()) return absl::OkStatus();
  if (aborted_ || closed_) return LinkLost();
  return MakeError(absl::StatusCode::kCancelled, "INTERRUPTED", "the task was told to end");
}

void Outbox::CancelTask() {
  MutexLock lock(&mutex_);
  cancelled_ = true;
  changed_.NotifyAll();
}

void Outbox::Acknowledge(const std::string& task_id, uint64_t sequence) {
  MutexLock lock(&mutex_);
  if (task_id != task_id_) return;
  while (!unacknowledged_.empty() && unacknowledged_.front().first <= sequence) {
    unacknowledged_bytes_ -= unacknowledged_.front().second;
    unacknowledged_.pop_front();
  }
  changed_.NotifyAll();
}

std::optional<v1::WorkerMessage> Outbox::Pop(std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  MutexLock lock(&mutex_);
  while (!aborted_ && !closed_ && queue_.empty()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0 || !changed_.WaitFor(&mutex_, left)) break;
  }
  if (queue_.empty()) return std::nullopt;
  v1::WorkerMessage message = std::move(queue_.front().first);
  unsent_bytes_ -= queue_.front().second;
  queue_.pop_front();
  changed_.NotifyAll();
  return message;
}

bool Outbox::Drained() {
  MutexLock lock(&mutex_);
  return aborted_ || (closed_ && queue_.empty());
}

void Outbox::Close() {
  MutexLock lock(&mutex_);
  closed_ = true;
  changed_.NotifyAll();
}

void Outbox::Abort() {
  MutexLock lock(&mutex_);
  aborted_ = true;
  queue_.clear();
  unsent_bytes_ = 0;
  changed_.NotifyAll();
}

}  // namespace sumscope::worker

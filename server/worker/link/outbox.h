#ifndef SUMSCOPE_SERVER_WORKER_LINK_OUTBOX_H_
#define SUMSCOPE_SERVER_WORKER_LINK_OUTBOX_H_

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "proto/contract/base/mutex.h"
#include "proto/contract/limits.h"
#include "server/worker/link/task_sink.h"

namespace sumscope::worker {

// The bounded queue between the thread that computes and the one that writes to the stream.
//
// Goals: a task is never slowed by the network or by the server's disk while less than the limits is on its way, and
// never runs far ahead of what is durable. Non-goal: sending again; a lost link ends the worker.
//
// Two limits: bytes not yet given to the stream, and bytes given to it whose commit is not yet acknowledged. The second
// is looked at only before a message that starts something (metrics, a tensor set, ..), never within a tensor set,
// which the server commits as a whole and which may be larger than the limit. A cancelled task waits for no commit: the
// server may have given it up, and acknowledges nothing more. Thread-safe.
class Outbox : public TaskSink {
 public:
  explicit Outbox(size_t max_unsent_bytes = limits::kMaxUnsentBytes,
                  size_t max_unacknowledged_bytes = limits::kMaxUnacknowledgedBytes)
      : max_unsent_bytes_(max_unsent_bytes), max_unacknowledged_bytes_(max_unacknowledged_bytes) {}

  // From here on messages carry this task id and sequences from 1.
  void BeginTask(const std::string& task_id);

  absl::Status Send(v1::WorkerMessage message) override;
  absl::Status WaitUntilAcknowledged() override;

  // The task is cancelled: from here on it waits for no acknowledgement.
  void CancelTask();

  // The server committed everything up to `sequence`. Of another task than the current one: ignored.
  void Acknowledge(const std::string& task_id, uint64_t sequence);

  // For the writer: the next message, or nothing after `timeout` or at the end.
  std::optional<v1::WorkerMessage> Pop(std::chrono::milliseconds timeout);
  // True once nothing more will come out of Pop.
  bool Drained();

  // No more messages; what is queued still goes out.
  void Close();
  // The link is lost: waiting and further calls of Send return LINK_LOST, what is queued is dropped.
  void Abort();

 private:
  bool HasRoom(const v1::WorkerMessage& message) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const size_t max_unsent_bytes_;
  const size_t max_unacknowledged_bytes_;

  Mutex mutex_;
  CondVar changed_;
  std::string task_id_ ABSL_GUARDED_BY(mutex_);
  uint64_t last_sequence_ ABSL_GUARDED_BY(mutex_) = 0;
  std::deque<std::pair<v1::WorkerMessage, size_t>> queue_ ABSL_GUARDED_BY(mutex_);  // with its bytes
  size_t unsent_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::deque<std::pair<uint64_t, size_t>> unacknowledged_ ABSL_GUARDED_BY(mutex_);  // sequence, bytes
  size_t unacknowledged_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;  // the task
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  bool aborted_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace sumscope::worker

#endif  // SUMSCOPE_SERVER_WORKER_LINK_OUTBOX_H_

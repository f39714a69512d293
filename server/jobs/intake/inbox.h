#ifndef SUMSCOPE_SERVER_JOBS_INTAKE_INBOX_H_
#define SUMSCOPE_SERVER_JOBS_INTAKE_INBOX_H_

#include <cstddef>
#include <deque>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "proto/contract/base/clock.h"
#include "proto/contract/base/mutex.h"
#include "sumscope/worker/v1/link.pb.h"

namespace sumscope::jobs {

// One thing that happened at a slot.
struct InboxItem {
  enum class Kind { kMessage, kNote, kLost, kIdle };
  Kind kind = Kind::kMessage;
  worker::v1::WorkerMessage message;
  std::string task_id, reason, detail;  // of kLost; of kNote severity and text

  // Ends the wait for more: its effect is not to be delayed, and it is taken alone.
  bool IsTurn() const { return kind != Kind::kMessage || message.has_started() || message.has_finished(); }
};

// What happened at one slot, in order, bounded in bytes, handed out in groups that are worth a commit. Thread-safe.
class Inbox {
 public:
  Inbox(Clock* clock, size_t max_bytes, absl::Duration group_delay, size_t group_bytes)
      : clock_(clock), max_bytes_(max_bytes), group_delay_(group_delay), group_bytes_(group_bytes) {}

  // Blocks while a message would pass max_bytes; drops it when closed.
  void Push(InboxItem item);
  // Waits for the next group: one turn, or messages of one task up to group_bytes, at most group_delay after the first
  // came. Returns false when closed and empty.
  bool TakeGroup(std::vector<InboxItem>* group);
  // Nothing more comes in; what is in is still handed out.
  void Close();
  // For logs and debuggers.
  std::string DebugString();

 private:
  struct Entry {
    InboxItem item;
    size_t bytes;
    absl::Duration arrival;
  };
  // Zero: a group can be taken now.
  absl::Duration WaitForGroup() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Clock* const clock_;
  const size_t max_bytes_;
  const absl::Duration group_delay_;
  const size_t group_bytes_;

  Mutex mutex_;
  CondVar changed_;
  std::deque<Entry> entries_ ABSL_GUARDED_BY(mutex_);
  size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t turns_ ABSL_GUARDED_BY(mutex_) = 0;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_INTAKE_INBOX_H_

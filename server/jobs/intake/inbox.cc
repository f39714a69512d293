#include "server/jobs/intake/inbox.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/jobs/state/waits/waiting.h"

namespace sumscope::jobs {

void Inbox::Push(InboxItem item) {
  const size_t bytes = item.kind == InboxItem::Kind::kMessage ? item.message.ByteSizeLong() : 0;
  MutexLock lock(&mutex_);
  while (!closed_ && bytes > 0 && bytes_ > 0 && bytes_ + bytes > max_bytes_) {
    changed_.WaitFor(&mutex_, ToWait(kLongestWait));
  }
  if (closed_) return;
  bytes_ += bytes;
  if (item.IsTurn()) ++turns_;
  entries_.push_back({std::move(item), bytes, clock_->Monotonic()});
  changed_.NotifyAll();
}

absl::Duration Inbox::WaitForGroup() {
  if (entries_.empty()) return closed_ ? absl::ZeroDuration() : kLongestWait;
  if (closed_ || turns_ > 0 || bytes_ >= group_bytes_) return absl::ZeroDuration();
  return std::clamp(entries_.front().arrival + group_delay_ - clock_->Monotonic(), absl::ZeroDuration(), kLongestWait);
}

bool Inbox::TakeGroup(std::vector<InboxItem>* group) {
  group->clear();
  MutexLock lock(&mutex_);
  for (absl::Duration wait = WaitForGroup(); wait > absl::ZeroDuration(); wait = WaitForGroup()) {
    changed_.WaitFor(&mutex_, ToWait(wait));
  }
  size_t taken = 0;
  while (!entries_.empty()) {
    Entry& entry = entries_.front();
    const bool turn = entry.item.IsTurn();
    if (!group->empty() &&
        (turn || taken >= group_bytes_ || entry.item.message.task_id() != group->front().message.task_id())) {
      break;
    }
    taken += entry.bytes;
    bytes_ -= entry.bytes;
    if (turn) --turns_;
    group->push_back(std::move(entry.item));
    entries_.pop_front();
    if (turn) break;
  }
  changed_.NotifyAll();
  return !group->empty();
}

void Inbox::Close() {
  MutexLock lock(&mutex_);
  closed_ = true;
  changed_.NotifyAll();
}

std::string Inbox::DebugString() {
  MutexLock lock(&mutex_);
  return absl::StrCat(entries_.size(), " items of ", bytes_, " bytes", closed_ ? ", closed" : "");
}

}  // namespace sumscope::jobs

#include "client/base/cancellation.h"

#include <chrono>
#include <utility>

namespace sumscope::client {

void Cancellation::Cancel() {
  MutexLock lock(&mutex_);
  cancelled_ = true;
  for (const auto& [id, callback] : callbacks_) callback();
  changed_.NotifyAll();
}

bool Cancellation::cancelled() const {
  MutexLock lock(&mutex_);
  return cancelled_;
}

void Cancellation::WaitFor(absl::Duration duration) {
  const auto end = std::chrono::steady_clock::now() + absl::ToChronoMilliseconds(duration);
  MutexLock lock(&mutex_);
  while (!cancelled_) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0) return;
    changed_.WaitFor(&mutex_, left);
  }
}

Cancellation::Scope::Scope(Cancellation* cancellation, std::function<void()> on_cancel) : cancellation_(cancellation) {
  MutexLock lock(&cancellation_->mutex_);
  if (cancellation_->cancelled_) on_cancel();
  id_ = cancellation_->next_id_++;
  cancellation_->callbacks_.emplace(id_, std::move(on_cancel));
}

Cancellation::Scope::~Scope() {
  MutexLock lock(&cancellation_->mutex_);
  cancellation_->callbacks_.erase(id_);
}

}  // namespace sumscope::client

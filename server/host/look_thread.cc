#include "server/host/look_thread.h"

#include <utility>

namespace sumscope::host {

LookThread::LookThread(absl::Duration interval, std::function<void()> look)
    : interval_(interval), look_(std::move(look)), thread_([this] { Loop(); }) {}

LookThread::~LookThread() {
  {
    MutexLock lock(&mutex_);
    ends_ = true;
    changed_.NotifyAll();
  }
  thread_.join();
}

void LookThread::Loop() {
  while (WaitForNext()) look_();
}

bool LookThread::WaitForNext() {
  MutexLock lock(&mutex_);
  while (!ends_ && changed_.WaitFor(&mutex_, absl::ToChronoMilliseconds(interval_))) {
  }
  return !ends_;
}

}  // namespace sumscope::host

#ifndef SUMSCOPE_CLIENT_BASE_BACKOFF_H_
#define SUMSCOPE_CLIENT_BASE_BACKOFF_H_

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "client/base/cancellation.h"

namespace sumscope::client {

// How a component waits between two attempts; a constructor argument, so that tests need no time.
class Sleeper {
 public:
  virtual ~Sleeper() = default;
  // Returns early when the user wants to stop.
  virtual void Sleep(absl::Duration duration) = 0;
  // By which attempts are timed.
  virtual absl::Time Now() { return absl::Now(); }
};

class RealSleeper : public Sleeper {
 public:
  explicit RealSleeper(Cancellation* cancellation) : cancellation_(cancellation) {}
  void Sleep(absl::Duration duration) override { cancellation_->WaitFor(duration); }

 private:
  Cancellation* const cancellation_;
};

// Growing delays between attempts, 0.1 s to 5 s, until `patience` has passed since the last success: time slept and
// time that attempts took.
// Thread-compatible.
class Backoff {
 public:
  Backoff(Sleeper* sleeper, absl::Duration patience) : sleeper_(sleeper), patience_(patience) {}

  // Sleeps after an attempt that took `took`, at least as long as a RetryInfo in `status` asks. False, at once, when
  // the patience is used up.
  bool Wait(const absl::Status& status, absl::Duration took = absl::ZeroDuration());

 private:
  Sleeper* const sleeper_;
  const absl::Duration patience_;
  absl::Duration spent_;
  int attempts_ = 0;
};

// What the server asks to wait (google.rpc.RetryInfo); zero without one.
absl::Duration RetryDelay(const absl::Status& status);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_BASE_BACKOFF_H_

#ifndef SUMSCOPE_CLIENT_CLI_APP_SIGNALS_H_
#define SUMSCOPE_CLIENT_CLI_APP_SIGNALS_H_

#include <functional>
#include <thread>

#include "client/base/cancellation.h"

namespace sumscope::client {

// Turns the first SIGINT, SIGTERM or SIGHUP into a Cancellation; a second one ends the process with 130 at once. Those
// that were ignored when the program was started (nohup) stay so. Make it before any other thread: they inherit the
// mask that keeps these signals for its own.
class SignalWatch {
 public:
  // `before_exit` runs before the second signal's end of the process.
  SignalWatch(Cancellation* cancellation, std::function<void()> before_exit);
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

 private:
  std::thread thread_;
};

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_APP_SIGNALS_H_

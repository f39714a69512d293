#include "client/cli/app/signals.h"

#include <signal.h>
#include <unistd.h>

#include <utility>

#include "client/cli/app/exit_code.h"
#include "proto/contract/process/heeded_signals.h"

namespace sumscope::client {
namespace {

constexpr int kStopWatching = SIGUSR1;

}  // namespace

SignalWatch::SignalWatch(Cancellation* cancellation, std::function<void()> before_exit) {
  sigset_t signals = BlockHeededSignals({SIGINT, SIGTERM, SIGHUP});
  sigset_t ours;
  sigemptyset(&ours);
  sigaddset(&ours, kStopWatching);
  pthread_sigmask(SIG_BLOCK, &ours, nullptr);
  sigaddset(&signals, kStopWatching);
  thread_ = std::thread([cancellation, signals, before_exit = std::move(before_exit)] {
    int number = 0;
    while (sigwait(&signals, &number) == 0 && number != kStopWatching) {
      if (cancellation->cancelled()) {
        before_exit();
        _exit(static_cast<int>(ExitCode::kInterrupted));
      }
      cancellation->Cancel();
    }
  });
}

SignalWatch::~SignalWatch() {
  pthread_kill(thread_.native_handle(), kStopWatching);
  thread_.join();
}

}  // namespace sumscope::client

#ifndef SUMSCOPE_SERVER_WORKER_LINK_PARENT_WATCH_H_
#define SUMSCOPE_SERVER_WORKER_LINK_PARENT_WATCH_H_

#include <functional>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "proto/contract/process/file_descriptor.h"

namespace sumscope::worker {

// The launch's token: the first line on the pipe from the server, without its newline. UNAVAILABLE PARENT_GONE at its
// end.
absl::StatusOr<std::string> ReadToken(int pipe_fd);

// Keeps SIGTERM and SIGINT from every thread started from now on; returns a descriptor from which they are read.
int BlockTerminationSignals();

// Watches the pipe from the server and the signals, on a thread of its own, so that a worker never outlives its server,
// however the server ended and whatever the worker computes. The descriptors stay the caller's.
class ParentWatch {
 public:
  struct Actions {
    std::function<void()> terminate;    // a signal came
    std::function<void()> parent_gone;  // the pipe ended; after limits::kParentGoneTimeout `exit_now` follows
    std::function<void()> exit_now;     // ends the process without further ado
  };
  ParentWatch(int pipe_fd, int signal_fd, Actions actions);
  // The process ended in time: joins the thread.
  ~ParentWatch();
  ParentWatch(const ParentWatch&) = delete;
  ParentWatch& operator=(const ParentWatch&) = delete;

 private:
  void Watch();

  const int pipe_fd_;
  const int signal_fd_;
  const FileDescriptor done_fd_;  // an eventfd: readable when the watch is over
  const Actions actions_;
  std::thread thread_;
};

}  // namespace sumscope::worker

#endif  // SUMSCOPE_SERVER_WORKER_LINK_PARENT_WATCH_H_

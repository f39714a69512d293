#include "server/worker/link/parent_watch.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/time/time.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/limits.h"

namespace sumscope::worker {
namespace {

constexpr size_t kMaxTokenBytes = 4096;

// How many bytes were read; 0 at the end, also when the descriptor is broken.
ssize_t ReadSome(int fd, void* buffer, size_t size) {
  ssize_t bytes;
  do {
    bytes = read(fd, buffer, size);
  } while (bytes < 0 && errno == EINTR);
  return bytes < 0 ? 0 : bytes;
}

}  // namespace

absl::StatusOr<std::string> ReadToken(int pipe_fd) {
  std::string token;
  char byte;
  while (token.size() < kMaxTokenBytes && ReadSome(pipe_fd, &byte, 1) == 1) {
    if (byte == '\n') return token;
    token += byte;
  }
  return MakeError(absl::StatusCode::kUnavailable, "PARENT_GONE", "the server's pipe ended before its first line");
}

int BlockTerminationSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signalfd(-1, &signals, SFD_CLOEXEC);
}

ParentWatch::ParentWatch(int pipe_fd, int signal_fd, Actions actions)
    : pipe_fd_(pipe_fd),
      signal_fd_(signal_fd),
      done_fd_(eventfd(0, EFD_CLOEXEC)),
      actions_(std::move(actions)),
      thread_([this] { Watch(); }) {}

ParentWatch::~ParentWatch() {
  (void)eventfd_write(done_fd_.get(), 1);
  thread_.join();
}

void ParentWatch::Watch() {
  char buffer[256];
  while (true) {
    pollfd events[] = {{done_fd_.get(), POLLIN, 0}, {pipe_fd_, POLLIN, 0}, {signal_fd_, POLLIN, 0}};
    if (poll(events, 3, -1) < 0) continue;  // EINTR
    if (events[0].revents != 0) return;
    if (events[1].revents != 0 && ReadSome(pipe_fd_, buffer, sizeof(buffer)) == 0) break;
    if (events[2].revents != 0 && ReadSome(signal_fd_, buffer, sizeof(signalfd_siginfo)) > 0) actions_.terminate();
  }
  actions_.parent_gone();
  pollfd done = {done_fd_.get(), POLLIN, 0};
  const int timeout = static_cast<int>(absl::ToInt64Milliseconds(limits::kParentGoneTimeout));
  if (poll(&done, 1, timeout) == 0) actions_.exit_now();
}

}  // namespace sumscope::worker

#include "client/connection/ways/ssh/ssh_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace sumscope::client {
namespace {

constexpr size_t kMostWords = 4096;

// posix_spawnp with these as the child's standard streams. Returns an errno.
int SpawnSsh(const std::vector<std::string>& command, int stream, int errors, pid_t* pid) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, stream, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, stream, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO);
  posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  posix_spawnattr_setsigmask(&attributes, &signals);
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  posix_spawnattr_setsigdefault(&attributes, &signals);
  std::vector<char*> argv;
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  const int error = posix_spawnp(pid, argv[0], &actions, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return error;
}

}  // namespace

absl::StatusOr<std::unique_ptr<SshProcess>> SshProcess::Start(const std::vector<std::string>& command) {
  int ends[2], pipes[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return absl::ErrnoToStatus(errno, "cannot make a pair of sockets");
  }
  FileDescriptor ours(ends[0]);
  const FileDescriptor its(ends[1]);
  if (pipe2(pipes, O_CLOEXEC) != 0) return absl::ErrnoToStatus(errno, "cannot make a pipe");
  FileDescriptor errors(pipes[0]);
  const FileDescriptor its_errors(pipes[1]);
  FileDescriptor stop(eventfd(0, EFD_CLOEXEC));
  // The child's ends block, as programs expect of their standard streams.
  if (!stop.valid() || fcntl(ours.get(), F_SETFL, O_NONBLOCK) != 0 || fcntl(errors.get(), F_SETFL, O_NONBLOCK) != 0) {
    return absl::ErrnoToStatus(errno, "cannot make descriptors");
  }
  pid_t pid = 0;
  if (const int error = SpawnSsh(command, its.get(), its_errors.get(), &pid); error != 0) {
    return absl::ErrnoToStatus(error, absl::StrCat("cannot start ", command[0]));
  }
  return absl::WrapUnique(new SshProcess(pid, std::move(ours), std::move(errors), std::move(stop)));
}

SshProcess::SshProcess(pid_t pid, FileDescriptor stream, FileDescriptor errors, FileDescriptor stop)
    : pid_(pid), stream_(std::move(stream)), errors_(std::move(errors)), stop_(std::move(stop)), reader_([this] {
        ReadErrors();
      }) {}

SshProcess::~SshProcess() {
  constexpr absl::Duration kByItself = absl::Milliseconds(300), kTerminating = absl::Seconds(2);
  shutdown(stream_.get(), SHUT_RDWR);  // whoever else holds this end
  if (!WaitForEnd(kByItself)) {
    kill(pid_, SIGTERM);  // not reaped, so its number is no other's
    if (!WaitForEnd(kTerminating)) kill(pid_, SIGKILL);
    WaitForEnd(absl::InfiniteDuration());
  }
  if (reader_.joinable()) {
    eventfd_write(stop_.get(), 1);
    reader_.join();
  }
}

std::optional<int> SshProcess::WaitForEnd(absl::Duration patience) {
  constexpr int kLookMs = 2;
  const absl::Time end = absl::Now() + patience;
  while (!end_) {
    int status = 0;
    const pid_t found = waitpid(pid_, &status, WNOHANG);
    if (found == pid_) {
      end_ = status;
    } else if (found < 0 && errno != EINTR) {
      end_ = 0;  // somebody else reaped it
    } else if (absl::Now() >= end) {
      break;
    } else {
      poll(nullptr, 0, kLookMs);
    }
  }
  return end_;
}

std::string SshProcess::Words() {
  // What an ended child wrote is in the pipe, which others that it left behind may hold open for ever.
  if (end_ && reader_.joinable()) {
    eventfd_write(stop_.get(), 1);
    reader_.join();
  }
  const MutexLock lock(&mutex_);
  return words_;
}

void SshProcess::ReadErrors() {
  pollfd entries[] = {{errors_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
  while (poll(entries, 2, -1) >= 0 || errno == EINTR) {
    const bool stopped = entries[1].revents != 0;
    bool more = entries[0].revents == 0 || ReadOnce();
    while (stopped && more && ReadOnce()) continue;
    if (stopped || !more) return;
  }
}

bool SshProcess::ReadOnce() {
  char buffer[1024];
  const ssize_t got = read(errors_.get(), buffer, sizeof(buffer));
  if (got <= 0) return got < 0 && errno == EINTR;
  const MutexLock lock(&mutex_);
  words_.append(buffer, static_cast<size_t>(got));
  if (words_.size() > kMostWords) words_.erase(0, words_.size() - kMostWords);
  return true;
}

}  // namespace sumscope::client

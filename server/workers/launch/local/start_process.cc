#include "server/workers/launch/local/start_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/errors/status_macros.h"
#include "server/workers/launch/local/worker_log.h"

namespace sumscope::workers {
namespace {

constexpr int kParentPipeFd = 3;  // in the worker
constexpr int kFirstFreeFd = 10;  // ours lie here or above: no dup2 below overwrites the source of another

absl::Status Error(int error, absl::string_view what) { return absl::ErrnoToStatus(error, what); }

absl::StatusOr<FileDescriptor> MoveUp(int fd) {
  const FileDescriptor low(fd);
  FileDescriptor high(fcntl(fd, F_DUPFD_CLOEXEC, kFirstFreeFd));
  if (!high.valid()) return Error(errno, "cannot duplicate a descriptor");
  return high;
}

absl::StatusOr<FileDescriptor> OpenLog(const std::string& path) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return Error(errno, absl::StrCat("cannot open the worker's log ", path));
  SUMSCOPE_ASSIGN_OR_RETURN(FileDescriptor log, MoveUp(fd));
  if (lseek(log.get(), 0, SEEK_END) > kMaxLogBytes && ftruncate(log.get(), 0) < 0) {
    return Error(errno, absl::StrCat("cannot truncate the worker's log ", path));
  }
  return log;
}

struct Pipe {
  FileDescriptor read, write;
};

absl::StatusOr<Pipe> MakePipe() {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) < 0) return Error(errno, "cannot make a pipe");
  FileDescriptor low_write(fds[1]);
  Pipe pipe;
  SUMSCOPE_ASSIGN_OR_RETURN(pipe.read, MoveUp(fds[0]));
  pipe.write = std::move(low_write);
  return pipe;
}

// This process's environment with `changes` (NAME=VALUE) over it; borrows the strings of both.
std::vector<char*> Environment(const std::vector<std::string>& changes) {
  std::vector<char*> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const bool changed = std::any_of(changes.begin(), changes.end(), [entry](const std::string& change) {
      return std::strncmp(*entry, change.c_str(), change.find('=') + 1) == 0;
    });
    if (!changed) environment.push_back(*entry);
  }
  for (const std::string& change : changes) environment.push_back(const_cast<char*>(change.c_str()));
  environment.push_back(nullptr);
  return environment;
}

// posix_spawn with the child's descriptors, group and signals as LocalLauncher says. Returns an errno.
int Spawn(const std::string& program, const std::vector<std::string>& arguments,
          const std::vector<std::string>& environment, int pipe_fd, int log_fd, pid_t* pid) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, log_fd, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, log_fd, STDERR_FILENO);
  posix_spawn_file_actions_adddup2(&actions, pipe_fd, kParentPipeFd);
  posix_spawn_file_actions_addclosefrom_np(&actions, kParentPipeFd + 1);

  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  posix_spawnattr_setpgroup(&attributes, 0);
  sigset_t signals;
  sigemptyset(&signals);
  posix_spawnattr_setsigmask(&attributes, &signals);
  sigfillset(&signals);
  posix_spawnattr_setsigdefault(&attributes, &signals);

  std::vector<char*> argv;
  argv.push_back(const_cast<char*>(program.c_str()));
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const int error =
      posix_spawn(pid, program.c_str(), &actions, &attributes, argv.data(), Environment(environment).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return error;
}

}  // namespace

absl::StatusOr<std::unique_ptr<LocalProcess>> StartProcess(const LocalLaunchOptions& options, const WorkerSpec& spec) {
  SUMSCOPE_ASSIGN_OR_RETURN(FileDescriptor log,
                            OpenLog(absl::StrCat(options.log_directory, "/worker-", spec.slot, ".log")));
  const off_t log_start = lseek(log.get(), 0, SEEK_END);
  SUMSCOPE_ASSIGN_OR_RETURN(Pipe pipe, MakePipe());
  // Fits into the empty pipe, so it does not block; the read end is still ours, so there is no SIGPIPE.
  const std::string token = absl::StrCat(spec.token, "\n");
  if (write(pipe.write.get(), token.data(), token.size()) != static_cast<ssize_t>(token.size())) {
    return Error(errno, "cannot hand the launch's token to the worker");
  }

  std::vector<std::string> arguments = {
      absl::StrCat("--server=", spec.server),         absl::StrCat("--slot=", spec.slot),
      absl::StrCat("--generation=", spec.generation), absl::StrCat("--threads=", spec.threads),
      absl::StrCat("--device=", spec.device),         absl::StrCat("--parent-pipe-fd=", kParentPipeFd)};
  arguments.insert(arguments.end(), options.arguments.begin(), options.arguments.end());
  pid_t pid = 0;
  if (const int error = Spawn(options.program, arguments, options.environment, pipe.read.get(), log.get(), &pid);
      error != 0) {
    return Error(error, absl::StrCat("cannot start the worker program ", options.program));
  }
  // Set while it still loads its libraries, so that all its threads inherit it. Failing costs priority only.
  const int niceness = spec.quick ? options.quick_niceness : options.niceness;
  setpriority(PRIO_PROCESS, static_cast<id_t>(pid), std::max(niceness, getpriority(PRIO_PROCESS, 0)));
  return std::make_unique<LocalProcess>(pid, std::move(pipe.write), WorkerLog(std::move(log), log_start));
}

}  // namespace sumscope::workers

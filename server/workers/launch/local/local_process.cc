#include "server/workers/launch/local/local_process.h"

#include <dirent.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "absl/strings/str_cat.h"

namespace sumscope::workers {
namespace {

std::string Describe(const siginfo_t& info) {
  if (info.si_code == CLD_EXITED) return absl::StrCat("exited with status ", info.si_status);
  const char* name = sigdescr_np(info.si_status);
  return absl::StrCat("killed by signal ", info.si_status, " (", name == nullptr ? "unknown" : name, ")");
}

// Whether the process in the folder /proc/<pid> is of this group and runs: neither a zombie nor dead.
bool RunsInGroup(const char* pid, pid_t group) {
  const std::unique_ptr<FILE, int (*)(FILE*)> file(fopen(absl::StrCat("/proc/", pid, "/stat").c_str(), "re"), fclose);
  if (file == nullptr) return false;
  std::array<char, 512> buffer;
  const size_t size = fread(buffer.data(), 1, buffer.size() - 1, file.get());
  buffer[size] = '\0';
  const char* after_name = strrchr(buffer.data(), ')');  // the name may hold anything
  char state;
  int parent, process_group;
  if (after_name == nullptr || sscanf(after_name + 1, " %c %d %d", &state, &parent, &process_group) != 3) return false;
  return process_group == group && state != 'Z' && state != 'X';
}

}  // namespace

LocalProcess::LocalProcess(pid_t pid, FileDescriptor parent_pipe, WorkerLog log)
    : pid_(pid), parent_pipe_(std::move(parent_pipe)), log_(std::move(log)) {}

LocalProcess::~LocalProcess() {
  if (reaped_) return;
  Kill();
  siginfo_t info;
  while (waitid(P_PID, pid_, &info, WEXITED | WNOWAIT) < 0 && errno == EINTR) {
  }
  Reap();
}

void LocalProcess::Terminate() {
  if (!reaped_) kill(-pid_, SIGTERM);
}

void LocalProcess::Kill() {
  if (!reaped_) kill(-pid_, SIGKILL);
}

std::optional<std::string> LocalProcess::Poll() {
  if (ended_) return end_;
  if (!reaped_) {
    siginfo_t info;
    info.si_pid = 0;
    if (waitid(P_PID, pid_, &info, WEXITED | WNOHANG | WNOWAIT) < 0) {
      if (errno == EINTR) return std::nullopt;
      end_ = "ended; its status was taken by somebody else";
    } else if (info.si_pid == 0) {
      return std::nullopt;
    } else {
      end_ = Describe(info);
    }
    Reap();
  }
  if (GroupRuns()) return std::nullopt;
  ended_ = true;
  return end_;
}

void LocalProcess::Reap() {
  kill(-pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  reaped_ = true;
}

bool LocalProcess::GroupRuns() const {
  // As long as the group has members its number is not given to others.
  if (kill(-pid_, 0) < 0 && errno == ESRCH) return false;
  // Zombies count above, but run no more and may wait for their reaper for long.
  const std::unique_ptr<DIR, int (*)(DIR*)> proc(opendir("/proc"), closedir);
  if (proc == nullptr) return true;
  while (const dirent* entry = readdir(proc.get())) {
    if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' && RunsInGroup(entry->d_name, pid_)) return true;
  }
  return false;
}

}  // namespace sumscope::workers

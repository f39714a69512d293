#include "server/workers/launch/local/local_process.h"

#include <dirent.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "proto/contract/text/utf8.h"

namespace sumscope::workers {
namespace {

constexpr off_t kLogTailBytes = 2048;
constexpr size_t kLogTailLines = 5;

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

LocalProcess::LocalProcess(pid_t pid, FileDescriptor parent_pipe, FileDescriptor log, off_t log_start)
    : pid_(pid), parent_pipe_(std::move(parent_pipe)), log_(std::move(log)), log_start_(log_start) {}

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

std::optional<WorkerExit> LocalProcess::Poll() {
  if (ended_) return exit_;
  if (!reaped_) {
    siginfo_t info;
    info.si_pid = 0;
    if (waitid(P_PID, pid_, &info, WEXITED | WNOHANG | WNOWAIT) < 0) {
      if (errno == EINTR) return std::nullopt;
      exit_.description = "ended; its status was taken by somebody else";
    } else if (info.si_pid == 0) {
      BoundLog();
      return std::nullopt;
    } else {
      exit_.description = Describe(info);
    }
    Reap();
  }
  if (GroupRuns()) return std::nullopt;
  exit_.log_tail = LogTail();
  ended_ = true;
  return exit_;
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

void LocalProcess::BoundLog() {
  struct stat info;
  if (fstat(log_.get(), &info) < 0 || info.st_size <= kMaxLogBytes) return;
  // The worker appends: its next line is the first of the file. Failing costs space only, and is tried again.
  if (ftruncate(log_.get(), 0) == 0) log_start_ = 0;
}

std::string LocalProcess::LogTail() const {
  const off_t size = lseek(log_.get(), 0, SEEK_END);
  const off_t start = std::max(log_start_, size - kLogTailBytes);
  if (size <= start) return "";
  std::string text(static_cast<size_t>(size - start), '\0');
  const ssize_t got = pread(log_.get(), text.data(), text.size(), start);
  text.resize(static_cast<size_t>(std::max<ssize_t>(got, 0)));
  std::vector<std::string> lines = absl::StrSplit(text, '\n', absl::SkipWhitespace());
  if (start > log_start_ && lines.size() > 1) lines.erase(lines.begin());  // begins amid a line
  if (lines.size() > kLogTailLines) lines.erase(lines.begin(), lines.end() - kLogTailLines);
  return ReplaceInvalidUtf8(absl::StrJoin(lines, "\n"));
}

}  // namespace sumscope::workers

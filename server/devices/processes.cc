#include "server/devices/processes.h"

#include <pwd.h>
#include <signal.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace sumscope::devices {
namespace {

constexpr int kMostForks = 64;  // between a process and its ancestor; /proc may change while it is read

std::string UserName(uid_t uid) {
  std::vector<char> buffer(16 << 10);
  passwd entry = {};
  passwd* found = nullptr;
  if (getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) return entry.pw_name;
  return absl::StrCat("uid-", uid);
}

// 0 where there is none, or nobody may know.
int64_t ParentOf(int64_t pid) {
  std::ifstream file(absl::StrCat("/proc/", pid, "/stat"));
  const std::string text(std::istreambuf_iterator<char>(file), {});
  // "PID (NAME) STATE PARENT ..", and a name may hold anything.
  const size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return 0;
  const std::vector<std::string> fields = absl::StrSplit(text.substr(name_end + 1), ' ', absl::SkipEmpty());
  int64_t parent = 0;
  return fields.size() > 1 && absl::SimpleAtoi(fields[1], &parent) ? parent : 0;
}

}  // namespace

std::optional<std::string> OwnerOfProcess(int64_t pid) {
  if (pid <= 0 || (kill(static_cast<pid_t>(pid), 0) != 0 && errno == ESRCH)) return std::nullopt;
  // Not the owner of /proc/PID, which is root for a program that forbids dumps of itself.
  std::ifstream file(absl::StrCat("/proc/", pid, "/status"));
  for (std::string word; file >> word;) {
    uid_t real = 0;
    if (word == "Uid:" && file >> real) return UserName(real);
    std::getline(file, word);
  }
  return "";
}

bool IsDescendant(int64_t pid, int64_t ancestor) {
  for (int forks = 0; pid > 0 && forks < kMostForks; ++forks) {
    if (pid == ancestor) return true;
    pid = ParentOf(pid);
  }
  return false;
}

}  // namespace sumscope::devices

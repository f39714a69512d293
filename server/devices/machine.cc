#include "server/devices/machine.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <optional>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace sumscope::devices {
namespace {

constexpr char kGroupsRoot[] = "/sys/fs/cgroup";
constexpr char kUnified[] = "";                       // the hierarchy of cgroup v2
constexpr uint64_t kNoLimitOfV1 = uint64_t{1} << 62;  // it says "none" by the largest number of pages

uint32_t CoresOfAffinity() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) == 0) return static_cast<uint32_t>(CPU_COUNT(&set));
  return static_cast<uint32_t>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)));
}

std::string ReadText(const std::string& path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// The folders of the groups that bind this process in one hierarchy, its own first: a group's limits bind all below it.
std::vector<std::string> FoldersOfGroups(const std::string& groups, const std::string& root,
                                         const std::string& controller) {
  std::vector<std::string> folders;
  for (const absl::string_view line : absl::StrSplit(groups, '\n')) {
    const std::vector<absl::string_view> parts = absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (parts.size() != 3 || !absl::StartsWith(parts[2], "/")) continue;
    const std::vector<absl::string_view> controllers = absl::StrSplit(parts[1], ',');
    const bool is_unified = parts[0] == "0" && parts[1].empty();
    if (controller == kUnified ? !is_unified
                               : std::find(controllers.begin(), controllers.end(), controller) == controllers.end()) {
      continue;
    }
    const std::string mount = controller == kUnified ? root : absl::StrCat(root, "/", controller);
    for (std::string path(parts[2]);; path.resize(path.rfind('/'))) {
      folders.push_back(mount + path);
      if (path.empty() || path == "/") break;
    }
  }
  return folders;
}

// The first number of a file; nullopt without, as for the word max.
std::optional<uint64_t> ReadNumber(const std::string& path) {
  std::string word;
  uint64_t number = 0;
  if (!(std::ifstream(path) >> word) || !absl::SimpleAtoi(word, &number)) return std::nullopt;
  return number;
}

// The number beside `key` in a text of lines "key number ..", with "key:" as well.
uint64_t NumberBeside(const std::string& text, absl::string_view key) {
  uint64_t number = 0;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    const std::vector<std::string> words = absl::StrSplit(line, absl::ByAnyChar(": \t"), absl::SkipEmpty());
    if (words.size() >= 2 && words[0] == key && !absl::SimpleAtoi(words[1], &number)) return 0;
  }
  return number;
}

void BoundCores(std::optional<double> quota, std::optional<double> period, Machine* limits) {
  if (!quota.has_value() || !period.has_value() || *quota <= 0 || *period <= 0) return;
  const double cores = std::max(1.0, std::floor(*quota / *period));
  limits->cores = static_cast<uint32_t>(std::min<double>(limits->cores, cores));
}

// How one version of control groups calls what bounds memory.
struct MemoryFiles {
  const char *controller, *limit, *usage, *cache;
};
constexpr MemoryFiles kMemoryFiles[] = {
    {kUnified, "/memory.max", "/memory.current", "inactive_file"},
    {"memory", "/memory.limit_in_bytes", "/memory.usage_in_bytes", "total_inactive_file"}};

}  // namespace

Machine LimitsOfGroups(const std::string& groups, const std::string& root) {
  Machine limits = {UINT32_MAX, UINT64_MAX};
  for (const std::string& folder : FoldersOfGroups(groups, root, kUnified)) {
    double quota = 0, period = 0;
    if (std::ifstream(folder + "/cpu.max") >> quota >> period) BoundCores(quota, period, &limits);
  }
  for (const std::string& folder : FoldersOfGroups(groups, root, "cpu")) {
    // Without a quota it says -1, which is no number here.
    BoundCores(ReadNumber(folder + "/cpu.cfs_quota_us"), ReadNumber(folder + "/cpu.cfs_period_us"), &limits);
  }
  for (const MemoryFiles& files : kMemoryFiles) {
    for (const std::string& folder : FoldersOfGroups(groups, root, files.controller)) {
      const uint64_t bytes = ReadNumber(folder + files.limit).value_or(UINT64_MAX);
      if (bytes < kNoLimitOfV1) limits.memory_bytes = std::min(limits.memory_bytes, bytes);
    }
  }
  return limits;
}

Machine ThisMachine() {
  const Machine limits = LimitsOfGroups(ReadText("/proc/self/cgroup"), kGroupsRoot);
  const uint64_t memory =
      static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(sysconf(_SC_PAGE_SIZE));
  return {std::max(1u, std::min(CoresOfAffinity(), limits.cores)), std::min(memory, limits.memory_bytes)};
}

uint64_t FreeMemory() { return FreeMemoryOf(ReadText("/proc/meminfo"), ReadText("/proc/self/cgroup"), kGroupsRoot); }

uint64_t FreeMemoryOf(const std::string& meminfo, const std::string& groups, const std::string& root) {
  uint64_t free = NumberBeside(meminfo, "MemAvailable") << 10;
  for (const MemoryFiles& files : kMemoryFiles) {
    for (const std::string& folder : FoldersOfGroups(groups, root, files.controller)) {
      const std::optional<uint64_t> limit = ReadNumber(folder + files.limit), usage = ReadNumber(folder + files.usage);
      if (!limit.has_value() || !usage.has_value()) continue;
      // What files are cached in is given back first.
      const uint64_t cache = NumberBeside(ReadText(folder + "/memory.stat"), files.cache);
      const uint64_t used = *usage - std::min(*usage, cache);
      free = std::min(free, *limit - std::min(*limit, used));
    }
  }
  return free;
}

}  // namespace sumscope::devices

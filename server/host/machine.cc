#include "server/host/machine.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "proto/contract/limits.h"

namespace sumscope::host {
namespace {

constexpr double kGiB = 1 << 30;

uint32_t CoresOfAffinity() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) == 0) return static_cast<uint32_t>(CPU_COUNT(&set));
  return static_cast<uint32_t>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)));
}

}  // namespace

Machine LimitsOfGroups(const std::string& groups, const std::string& root) {
  constexpr absl::string_view kUnified = "0::";  // of cgroup v2, the only hierarchy with such a number
  Machine limits = {UINT32_MAX, UINT64_MAX};
  for (const absl::string_view line : absl::StrSplit(groups, '\n')) {
    if (!absl::StartsWith(line, kUnified)) continue;
    // A group's limits bind all below it. "max", or no such file, is no limit.
    for (std::string path = std::string(line.substr(kUnified.size()));;) {
      double quota = 0, period = 0;
      uint64_t bytes = 0;
      if (std::ifstream(absl::StrCat(root, path, "/cpu.max")) >> quota >> period && quota > 0 && period > 0) {
        limits.cores = std::min(limits.cores, static_cast<uint32_t>(std::max(1.0, std::floor(quota / period))));
      }
      if (std::ifstream(absl::StrCat(root, path, "/memory.max")) >> bytes) {
        limits.memory_bytes = std::min(limits.memory_bytes, bytes);
      }
      if (path.empty() || path == "/") break;
      path.resize(path.rfind('/'));
    }
  }
  return limits;
}

Machine ThisMachine() {
  std::ostringstream groups;
  groups << std::ifstream("/proc/self/cgroup").rdbuf();
  const Machine limits = LimitsOfGroups(groups.str(), "/sys/fs/cgroup");
  const uint64_t memory =
      static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(sysconf(_SC_PAGE_SIZE));
  return {std::max(1u, std::min(CoresOfAffinity(), limits.cores)), std::min(memory, limits.memory_bytes)};
}

SlotChoice ChooseSlots(const Machine& machine) {
  const uint64_t room = std::max<uint64_t>(1, machine.memory_bytes / limits::kDefaultSlotBytes);
  const uint32_t most =
      static_cast<uint32_t>(std::min<uint64_t>({std::max(1u, machine.cores), limits::kMaxDefaultSlots, room}));
  SlotChoice choice;
  uint32_t used = 0;
  for (uint32_t slots = most; 2 * slots >= most; --slots) {
    const uint32_t threads = std::max(1u, machine.cores / slots);
    if (slots * threads <= used) continue;
    used = slots * threads;
    choice.slots = slots;
    choice.threads = threads;
  }
  choice.reason = absl::StrFormat("%d of %d %s: %d cores, %.1f GiB; a slot a core, at most %d, %.0f GiB each",
                                  choice.slots, choice.threads, choice.threads == 1 ? "thread" : "threads",
                                  machine.cores, static_cast<double>(machine.memory_bytes) / kGiB,
                                  limits::kMaxDefaultSlots, static_cast<double>(limits::kDefaultSlotBytes) / kGiB);
  return choice;
}

}  // namespace sumscope::host

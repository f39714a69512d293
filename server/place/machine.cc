#include "server/place/machine.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "proto/contract/limits.h"

namespace sumscope::place {
namespace {

constexpr double kGiB = 1 << 30;

uint32_t CoresOfAffinity() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) == 0) return static_cast<uint32_t>(CPU_COUNT(&set));
  return static_cast<uint32_t>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)));
}

// The control group that a container sees as its root; "max", or no such file, is no limit.
uint32_t CoresOfQuota() {
  std::ifstream file("/sys/fs/cgroup/cpu.max");
  double quota = 0, period = 0;
  if (!(file >> quota >> period) || quota <= 0 || period <= 0) return UINT32_MAX;
  return static_cast<uint32_t>(std::max(1.0, std::floor(quota / period)));
}

uint64_t MemoryLimit() {
  std::ifstream file("/sys/fs/cgroup/memory.max");
  uint64_t bytes = 0;
  return file >> bytes ? bytes : UINT64_MAX;
}

}  // namespace

Machine ThisMachine() {
  const uint64_t memory =
      static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(sysconf(_SC_PAGE_SIZE));
  return {std::max(1u, std::min(CoresOfAffinity(), CoresOfQuota())), std::min(memory, MemoryLimit())};
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

}  // namespace sumscope::place

#ifndef SUMSCOPE_SERVER_HOST_MACHINE_H_
#define SUMSCOPE_SERVER_HOST_MACHINE_H_

#include <cstdint>
#include <string>

namespace sumscope::host {

// What this process may use: processors of its affinity and of its control group's quota, memory of the machine and of
// that group's limit, where the group or one above it has some (systemd's CPUQuota= and MemoryMax=, a container's).
// What others use now does not count: slots must not change from start to start.
struct Machine {
  uint32_t cores = 1;
  uint64_t memory_bytes = 0;
};
Machine ThisMachine();
// The limits of control groups (cgroup v2) alone, UINT32_MAX and UINT64_MAX for none: of /proc/self/cgroup's text, with
// the hierarchy mounted at `root`.
Machine LimitsOfGroups(const std::string& groups, const std::string& root);

// Slots for a server whose owner chose none.
struct SlotChoice {
  uint32_t slots = 1;
  uint32_t threads = 1;  // of each, the same for all: the thread count is part of a result
  std::string reason;    // for people
};
// One slot of one thread per core: small models gain next to nothing from a second thread, two slots do twice the work.
// At most limits::kMaxDefaultSlots, and each has limits::kDefaultSlotBytes. Where that leaves cores over, slots have
// more threads: of the counts down to half of that, the one that uses most cores.
SlotChoice ChooseSlots(const Machine& machine);

}  // namespace sumscope::host

#endif  // SUMSCOPE_SERVER_HOST_MACHINE_H_

#ifndef SUMSCOPE_SERVER_DEVICES_MACHINE_H_
#define SUMSCOPE_SERVER_DEVICES_MACHINE_H_

#include <cstdint>
#include <string>

namespace sumscope::devices {

// What this process may use: processors of its affinity and of its control group's quota, memory of the machine and of
// that group's limit, where the group or one above it has some (systemd's CPUQuota= and MemoryMax=, a container's).
// What others use now does not count: slots must not change from start to start.
struct Machine {
  uint32_t cores = 1;
  uint64_t memory_bytes = 0;
};
Machine ThisMachine();
// The limits of control groups (cgroup v2 and v1) alone, UINT32_MAX and UINT64_MAX for none: of /proc/self/cgroup's
// text, with the hierarchies mounted at `root`.
Machine LimitsOfGroups(const std::string& groups, const std::string& root);

// Bytes that this process and its workers could take without taking them from anybody: what the machine says is
// available, and what limits of control groups leave.
uint64_t FreeMemory();
// The same of /proc/meminfo's and /proc/self/cgroup's texts.
uint64_t FreeMemoryOf(const std::string& meminfo, const std::string& groups, const std::string& root);

}  // namespace sumscope::devices

#endif  // SUMSCOPE_SERVER_DEVICES_MACHINE_H_

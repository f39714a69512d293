#ifndef SUMSCOPE_SERVER_DEVICES_DEVICE_STATE_H_
#define SUMSCOPE_SERVER_DEVICES_DEVICE_STATE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace sumscope::devices {

// A process that holds memory of a device.
struct DeviceProcess {
  int64_t pid = 0;
  std::string user;  // "uid-1005" for one without a name, "" where nobody may know
  uint64_t memory_mib = 0;
};

// A device as it was looked at last. The CPU has no UUID, and nobody on it is foreign.
struct DeviceState {
  std::string name;  // as slots say it: cpu, cuda:0
  std::string uuid;  // GPU-5f0c..
  std::string model;
  uint64_t memory_total = 0, memory_used = 0;  // bytes
  std::optional<uint32_t> utilisation;         // percent
  std::optional<uint32_t> temperature;         // degrees Celsius
  std::vector<DeviceProcess> ours;             // workers, by pid
  std::vector<DeviceProcess> foreign;          // everybody else, by pid
  bool lost = false;                           // what stands above, but name, uuid and model, is then zero or empty
  std::string lost_reason;                     // for people
  std::string memory_kept;                     // for people: the last worker that kept memory, for kKeptShown
  absl::Time looked_at;
};

uint64_t ForeignMib(const DeviceState& device);

// Whether something may be started on a device, and how much memory it may take.
struct Availability {
  // OK, or: UNAVAILABLE DEVICE_LOST; NOT_FOUND DEVICE_UNKNOWN: the machine has no such GPU; FAILED_PRECONDITION
  // DEVICE_BUSY_OUTSIDE: others hold too much memory, the text says who, with PID and memory.
  absl::Status status;
  std::optional<uint64_t> free_bytes;  // nullopt: nobody knows
};

// Of a device of which others may hold `foreign_memory_mib` together.
Availability AvailabilityOf(const DeviceState& device, uint64_t foreign_memory_mib);

// "ada (PID 4242, 700 MiB), bob (PID 4250, 90 MiB)"; the few with most memory, the most first.
std::string DescribeProcesses(const std::vector<DeviceProcess>& processes);

struct DeviceEvent {
  enum class Kind {
    kBusyOutside,     // others hold more than foreign_memory_mib
    kFreeOfOthers,    // not any more
    kLost,            // the device does not answer, or is gone
    kBack,            // it answers again
    kMemoryReturned,  // of WatchReturn
    kMemoryKept,      // of WatchReturn
  };
  Kind kind = Kind::kBusyOutside;
  std::string device;
  std::string text;  // for people: what happened, to or by whom
  int64_t pid = 0;   // the worker of kMemoryReturned and kMemoryKept
};

}  // namespace sumscope::devices

#endif  // SUMSCOPE_SERVER_DEVICES_DEVICE_STATE_H_

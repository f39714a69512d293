#include "server/devices/device_state.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/contract/errors/errors.h"

namespace sumscope::devices {
namespace {

constexpr size_t kMostNamed = 5;  // processes in one text

uint64_t Sum(const std::vector<DeviceProcess>& processes) {
  uint64_t sum = 0;
  for (const DeviceProcess& process : processes) sum += process.memory_mib;
  return sum;
}

}  // namespace

uint64_t ForeignMib(const DeviceState& device) { return Sum(device.foreign); }

Availability AvailabilityOf(const DeviceState& device, uint64_t foreign_memory_mib) {
  Availability availability;
  if (device.lost) {
    availability.status = MakeError(absl::StatusCode::kUnavailable, "DEVICE_LOST",
                                    absl::StrCat(device.name, " is lost: ", device.lost_reason));
    return availability;
  }
  availability.free_bytes = device.memory_total - std::min(device.memory_total, device.memory_used);
  if (ForeignMib(device) > foreign_memory_mib) {
    availability.status =
        MakeError(absl::StatusCode::kFailedPrecondition, "DEVICE_BUSY_OUTSIDE",
                  absl::StrCat(device.name, " is used from outside by ", DescribeProcesses(device.foreign),
                               "; nothing is started there while others hold more than ", foreign_memory_mib, " MiB"));
  }
  return availability;
}

std::string DescribeProcesses(const std::vector<DeviceProcess>& processes) {
  std::vector<DeviceProcess> sorted = processes;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const DeviceProcess& a, const DeviceProcess& b) { return a.memory_mib > b.memory_mib; });
  const size_t more = sorted.size() - std::min(sorted.size(), kMostNamed);
  sorted.resize(sorted.size() - more);
  const auto describe = [](std::string* out, const DeviceProcess& process) {
    absl::StrAppend(out, process.user.empty() ? "somebody" : process.user, " (PID ", process.pid, ", ",
                    process.memory_mib, " MiB)");
  };
  return absl::StrCat(absl::StrJoin(sorted, ", ", describe), more == 0 ? "" : absl::StrCat(" and ", more, " more"));
}

}  // namespace sumscope::devices

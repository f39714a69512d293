#include "server/devices/device_events.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace sumscope::devices {
namespace {

constexpr uint64_t kBytesOfMib = 1 << 20;

DeviceEvent MakeEvent(DeviceEvent::Kind kind, const DeviceState& device, std::string text) {
  return {kind, device.name, std::move(text), 0};
}

}  // namespace

void AddChanges(const DeviceState& before, const DeviceState& after, uint64_t foreign_memory_mib,
                std::vector<DeviceEvent>* events) {
  using Kind = DeviceEvent::Kind;
  if (!before.lost && after.lost) {
    events->push_back(MakeEvent(Kind::kLost, after, absl::StrCat(after.name, " is lost: ", after.lost_reason)));
  }
  if (before.lost && !after.lost) events->push_back(MakeEvent(Kind::kBack, after, after.name + " is back"));
  const bool was_busy = ForeignMib(before) > foreign_memory_mib, is_busy = ForeignMib(after) > foreign_memory_mib;
  if (!was_busy && is_busy) {
    events->push_back(
        MakeEvent(Kind::kBusyOutside, after,
                  absl::StrCat(after.name, " is used from outside by ", DescribeProcesses(after.foreign))));
  }
  if (was_busy && !is_busy && !after.lost) {
    events->push_back(MakeEvent(Kind::kFreeOfOthers, after, after.name + " is not used from outside any more"));
  }
}

DeviceEvent EventOf(const ReturnWatch::Outcome& outcome) {
  DeviceEvent event;
  event.kind = outcome.returned ? DeviceEvent::Kind::kMemoryReturned : DeviceEvent::Kind::kMemoryKept;
  event.device = outcome.device;
  event.pid = outcome.pid;
  event.text = absl::StrCat("the worker with PID ", outcome.pid, " holds ", outcome.held / kBytesOfMib, " MiB of ",
                            outcome.device, " after its job, and held ", outcome.baseline / kBytesOfMib, " before");
  if (!outcome.returned) absl::StrAppend(&event.text, ", ", absl::FormatDuration(kReturnTime), " after its end");
  return event;
}

}  // namespace sumscope::devices

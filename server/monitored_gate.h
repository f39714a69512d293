#ifndef SUMSCOPE_SERVER_MONITORED_GATE_H_
#define SUMSCOPE_SERVER_MONITORED_GATE_H_

#include <algorithm>
#include <cstdint>
#include <string>

#include "proto/contract/errors/errors.h"
#include "server/devices/device_monitor.h"
#include "server/jobs/state/device_gate.h"

namespace sumscope {

// What jobs hear of devices: what the monitor, which outlives it, saw. Thread-safe.
class MonitoredGate final : public jobs::DeviceGate {
 public:
  explicit MonitoredGate(devices::DeviceMonitor* monitor) : monitor_(monitor) {}

  jobs::DeviceOpening Look(const std::string& device) override { return Opening(monitor_->AvailabilityOf(device)); }
  jobs::DeviceOpening LookNow(const std::string& device) override { return Opening(monitor_->AvailabilityNow(device)); }

 private:
  static jobs::DeviceOpening Opening(const devices::Availability& availability) {
    jobs::DeviceOpening opening;
    // A device that never was is as good as one that is lost.
    const std::string reason = ErrorReason(availability.status);
    opening.closed = reason == "DEVICE_UNKNOWN" ? "DEVICE_LOST" : reason;
    opening.detail = std::string(availability.status.message());
    opening.memory_bytes = availability.free_bytes.has_value() ? std::max<uint64_t>(1, *availability.free_bytes) : 0;
    return opening;
  }

  devices::DeviceMonitor* const monitor_;
};

}  // namespace sumscope

#endif  // SUMSCOPE_SERVER_MONITORED_GATE_H_

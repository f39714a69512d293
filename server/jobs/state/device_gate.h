#ifndef SUMSCOPE_SERVER_JOBS_STATE_DEVICE_GATE_H_
#define SUMSCOPE_SERVER_JOBS_STATE_DEVICE_GATE_H_

#include <cstdint>
#include <string>

namespace sumscope::jobs {

// Whether jobs may start on a device, from outside of what is ours.
struct DeviceOpening {
  std::string closed;         // DEVICE_BUSY_OUTSIDE, DEVICE_LOST; empty: it is open
  std::string detail;         // for people: who is in the way, with PID
  uint64_t memory_bytes = 0;  // that is free; 0: nobody knows
};

// What the dispatcher asks about devices (cpu, cuda:0). Thread-safe.
class DeviceGate {
 public:
  virtual ~DeviceGate() = default;
  // As it was looked at last; never waits.
  virtual DeviceOpening Look(const std::string& device) = 0;
  // The same from a fresh look, before a start. May take a second.
  virtual DeviceOpening LookNow(const std::string& device) = 0;
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_STATE_DEVICE_GATE_H_

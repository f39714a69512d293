#ifndef SUMSCOPE_SERVER_DEVICES_DEVICE_EVENTS_H_
#define SUMSCOPE_SERVER_DEVICES_DEVICE_EVENTS_H_

#include <cstdint>
#include <vector>

#include "server/devices/device_state.h"
#include "server/devices/return_watch.h"

namespace sumscope::devices {

// Adds what happened to a device between two looks.
void AddChanges(const DeviceState& before, const DeviceState& after, uint64_t foreign_memory_mib,
                std::vector<DeviceEvent>* events);

DeviceEvent EventOf(const ReturnWatch::Outcome& outcome);

}  // namespace sumscope::devices

#endif  // SUMSCOPE_SERVER_DEVICES_DEVICE_EVENTS_H_

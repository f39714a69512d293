#ifndef SUMSCOPE_SERVER_RPC_DEVICES_DEVICE_MESSAGES_H_
#define SUMSCOPE_SERVER_RPC_DEVICES_DEVICE_MESSAGES_H_

#include <cstdint>
#include <vector>

#include "server/devices/device_state.h"
#include "storage/catalog/rates.h"
#include "sumscope/v1/queue.pb.h"
#include "sumscope/v1/system.pb.h"

namespace sumscope::rpc {

// A device as it is shown, without slots and rates. `foreign_memory_mib`: what others may hold of it without a warning.
v1::Device DeviceMessage(const devices::DeviceState& state, uint64_t foreign_memory_mib);
// A slot as its worker is, without its job.
v1::DeviceSlot DeviceSlotMessage(const v1::Slot& slot);
// Empty time or none: nothing that can be shown as a rate.
v1::DeviceRate DeviceRateMessage(const storage::Rate& rate);

// The devices, each with its slots and its rates, in the order of `states`; then those that slots name alone. Of one
// device at most kMaxShownRates rates, the latest.
inline constexpr int kMaxShownRates = 50;
std::vector<v1::Device> DeviceMessages(const std::vector<devices::DeviceState>& states,
                                       const std::vector<v1::Slot>& slots, const std::vector<storage::Rate>& rates,
                                       uint64_t foreign_memory_mib);

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_DEVICES_DEVICE_MESSAGES_H_

#include "server/rpc/devices/device_messages.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "server/jobs/rates/predictor.h"

namespace sumscope::rpc {
namespace {

constexpr uint64_t kMib = uint64_t{1} << 20;

v1::Device* FindOrAdd(const std::string& name, std::vector<v1::Device>* devices) {
  for (v1::Device& device : *devices) {
    if (device.name() == name) return &device;
  }
  devices->emplace_back().set_name(name);
  return &devices->back();
}

}  // namespace

v1::Device DeviceMessage(const devices::DeviceState& state, uint64_t foreign_memory_mib) {
  v1::Device device;
  device.set_name(state.name);
  device.set_model(state.model);
  device.set_uuid(state.uuid);
  device.set_memory_bytes(state.memory_total);
  device.set_memory_used_bytes(state.memory_used);
  if (state.utilisation.has_value()) device.set_utilization_percent(*state.utilisation);
  if (state.temperature.has_value()) device.set_temperature_celsius(*state.temperature);
  for (const devices::DeviceProcess& process : state.foreign) {
    v1::DeviceProcess* const message = device.add_foreign();
    message->set_pid(process.pid);
    message->set_user(process.user);
    message->set_memory_bytes(process.memory_mib * kMib);
  }
  device.set_lost(state.lost);
  if (state.lost) device.add_warnings(absl::StrCat("it does not answer: ", state.lost_reason));
  if (devices::ForeignMib(state) > foreign_memory_mib) {
    device.add_warnings(absl::StrCat("others use it: ", devices::DescribeProcesses(state.foreign)));
  }
  if (!state.memory_kept.empty()) device.add_warnings(state.memory_kept);
  return device;
}

v1::DeviceSlot DeviceSlotMessage(const v1::Slot& slot) {
  v1::DeviceSlot message;
  message.set_name(slot.name());
  message.set_quick(slot.quick());
  message.set_state(slot.state());
  message.set_threads(slot.threads());
  message.set_detail(slot.detail());
  return message;
}

// Keeps the best of each count of threads: whatever else ran at a worker's start makes it less.
void MergeGains(const v1::Slot& slot, v1::Device* device) {
  for (const v1::ThreadGain& gain : slot.rates().thread_gains()) {
    auto* const gains = device->mutable_thread_gains();
    const auto at =
        std::lower_bound(gains->begin(), gains->end(), gain.threads(),
                         [](const v1::ThreadGain& known, uint32_t threads) { return known.threads() < threads; });
    if (at != gains->end() && at->threads() == gain.threads()) {
      at->set_times(std::max(at->times(), gain.times()));
      continue;
    }
    const auto place = at - gains->begin();
    *gains->Add() = gain;
    std::rotate(gains->begin() + place, gains->end() - 1, gains->end());
  }
}

v1::DeviceRate DeviceRateMessage(const storage::Rate& rate) {
  v1::DeviceRate message;
  message.set_kind(rate.kind);
  message.set_shape(rate.shape);
  message.set_threads(rate.threads);
  message.set_units_per_second(1 / rate.seconds_per_unit);
  message.set_unit(rate.kind == jobs::kStepRate         ? "steps"
                   : rate.kind == jobs::kCheckpointRate ? "checkpoints"
                                                        : "questions");
  message.set_samples(rate.samples);
  return message;
}

std::vector<v1::Device> DeviceMessages(const std::vector<devices::DeviceState>& states,
                                       const std::vector<v1::Slot>& slots, const std::vector<storage::Rate>& rates,
                                       uint64_t foreign_memory_mib) {
  std::vector<v1::Device> devices;
  for (const devices::DeviceState& state : states) devices.push_back(DeviceMessage(state, foreign_memory_mib));
  for (const v1::Slot& slot : slots) {
    v1::Device* const device = FindOrAdd(slot.device(), &devices);
    *device->add_slots() = DeviceSlotMessage(slot);
    MergeGains(slot, device);
  }
  for (const storage::Rate& rate : rates) {
    const auto device = std::find_if(devices.begin(), devices.end(), [&](const v1::Device& known) {
      return known.name() == rate.device;  // a device that has gone is not shown for its rates
    });
    if (device == devices.end() || !(rate.seconds_per_unit > 0) || device->rates_size() >= kMaxShownRates) continue;
    *device->add_rates() = DeviceRateMessage(rate);
  }
  return devices;
}

}  // namespace sumscope::rpc

#include "server/jobs/scheduling/slot_table.h"

#include <algorithm>

#include "server/jobs/state/reasons.h"

namespace sumscope::jobs {
namespace {

bool SameOpening(const DeviceOpening& one, const DeviceOpening& other) {
  return one.closed == other.closed && one.detail == other.detail && one.memory_bytes == other.memory_bytes;
}

bool SameSlot(const SlotState& one, const SlotState& other) {
  return one.device == other.device && one.threads == other.threads && one.quick == other.quick &&
         one.closed == other.closed && one.closed_detail == other.closed_detail;
}

SlotState StateOf(const v1::Slot& slot) {
  SlotState state;
  state.device = slot.device();
  state.threads = slot.threads();
  state.quick = slot.quick();
  // A lane whose worker has gone holds up nobody: its jobs take other slots meanwhile.
  if (slot.state() == "BROKEN" || (slot.quick() && slot.state() == "BACKING_OFF")) {
    state.closed = reasons::kNoWorker;
    state.closed_detail = slot.detail();
  }
  return state;
}

}  // namespace

SlotTable::Look SlotTable::LookAt(const workers::WorkerPool& pool, DeviceGate* gate) {
  Look look;
  look.slots = pool.Slots();
  if (gate == nullptr) return look;
  for (const v1::Slot& slot : look.slots) {
    if (look.devices.count(slot.device()) == 0) look.devices[slot.device()] = gate->Look(slot.device());
  }
  return look;
}

bool SlotTable::Take(const Look& look) {
  bool changed = false;
  std::map<std::string, SlotState> slots;
  for (const v1::Slot& slot : look.slots) {
    const SlotState& state = slots[slot.name()] = StateOf(slot);
    const auto was = slots_.find(slot.name());
    changed |= was == slots_.end() || !SameSlot(was->second, state);
  }
  slots_ = std::move(slots);
  for (const auto& [device, opening] : look.devices) changed |= SetOpening(device, opening);
  return changed;
}

bool SlotTable::SetOpening(const std::string& device, const DeviceOpening& opening) {
  DeviceOpening& known = devices_[device];
  if (SameOpening(known, opening)) return false;
  known = opening;
  return true;
}

std::string SlotTable::DeviceOf(const std::string& slot) const {
  const auto found = slots_.find(slot);
  return found == slots_.end() ? "" : found->second.device;
}

const DeviceOpening* SlotTable::ClosureOf(const std::string& device) const {
  const auto found = devices_.find(device);
  return found == devices_.end() || found->second.closed.empty() ? nullptr : &found->second;
}

uint32_t SlotTable::MostThreads() const {
  uint32_t most = 1;
  for (const auto& [name, slot] : slots_) {
    if (!slot.quick && slot.device == "cpu") most = std::max(most, slot.threads);
  }
  return most;
}

Fleet SlotTable::MakeFleet() const {
  Fleet fleet = slots_;
  for (const std::string& slot : idle_) fleet[slot].idle = true;  // also one that no look has found yet
  for (auto& [name, slot] : fleet) {
    const auto device = devices_.find(slot.device);
    if (device == devices_.end()) continue;
    slot.memory_bytes = device->second.memory_bytes;
    if (device->second.closed.empty()) continue;
    slot.closed = device->second.closed;
    slot.closed_detail = device->second.detail;
  }
  return fleet;
}

}  // namespace sumscope::jobs

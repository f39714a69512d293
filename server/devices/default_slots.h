#ifndef SUMSCOPE_SERVER_DEVICES_DEFAULT_SLOTS_H_
#define SUMSCOPE_SERVER_DEVICES_DEFAULT_SLOTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "server/devices/machine.h"

namespace sumscope::devices {

// A GPU of this machine that answers.
struct FoundGpu {
  std::string name;   // cuda:0
  std::string model;  // NVIDIA H200
  std::string uuid;   // GPU-5f0c..
};
// By their numbers; none without NVML.
std::vector<FoundGpu> FindGpus(const std::string& nvml_library);

// Those that CUDA_VISIBLE_DEVICES leaves, in its order: numbers and (beginnings of) UUIDs, up to the first that is
// neither, as CUDA takes it. All where it is not set (null).
std::vector<FoundGpu> VisibleGpus(const std::vector<FoundGpu>& gpus, const char* cuda_visible_devices);

struct ProposedSlot {
  std::string name, device;  // cpu0 and cpu, gpu0 and cuda:0
  uint32_t threads = 1;
};

// Slots for a server whose owner chose none.
struct SlotChoice {
  std::vector<ProposedSlot> slots;
  std::string reason;  // for people
};

// With GPUs: `slots_per_gpu` each, at least one, and none of the CPU, on which a job would take many times as long; a
// few threads each, to feed it. Without: one slot of one thread per core, for small models gain next to nothing from a
// second thread, and two slots do twice the work. At most limits::kMaxDefaultSlots, and each has
// limits::kDefaultSlotBytes. Where that leaves cores over, slots have more threads: of the counts down to half of that,
// the one that uses most cores. All have the same number of threads, which is part of a result.
SlotChoice ChooseSlots(const Machine& machine, const std::vector<FoundGpu>& gpus, uint64_t slots_per_gpu = 1);

}  // namespace sumscope::devices

#endif  // SUMSCOPE_SERVER_DEVICES_DEFAULT_SLOTS_H_

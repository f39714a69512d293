#include "server/devices/default_slots.h"

#include <algorithm>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "proto/contract/limits.h"
#include "server/devices/nvml/nvml.h"

namespace sumscope::devices {
namespace {

constexpr double kGiB = 1 << 30;
constexpr uint64_t kMostGpuThreads = 4;

SlotChoice OfGpus(const Machine& machine, const std::vector<FoundGpu>& gpus, uint64_t slots_per_gpu) {
  const uint64_t share = machine.cores / (gpus.size() * slots_per_gpu);
  const uint32_t threads = static_cast<uint32_t>(std::min(kMostGpuThreads, std::max<uint64_t>(1, share)));
  SlotChoice choice;
  for (const FoundGpu& gpu : gpus) {
    const std::string name = absl::StrCat("gpu", absl::StripPrefix(gpu.name, "cuda:"));
    for (uint64_t i = 0; i < slots_per_gpu; ++i) {
      choice.slots.push_back({slots_per_gpu == 1 ? name : absl::StrCat(name, "-", i), gpu.name, threads});
    }
  }
  const auto describe = [](std::string* out, const FoundGpu& gpu) { absl::StrAppend(out, gpu.name, " ", gpu.model); };
  choice.reason =
      absl::StrFormat("%d of %d %s: %d a GPU, %s", choice.slots.size(), threads, threads == 1 ? "thread" : "threads",
                      slots_per_gpu, absl::StrJoin(gpus, ", ", describe));
  return choice;
}

SlotChoice OfCpu(const Machine& machine) {
  const uint64_t room = std::max<uint64_t>(1, machine.memory_bytes / limits::kDefaultSlotBytes);
  const uint32_t most =
      static_cast<uint32_t>(std::min<uint64_t>({std::max(1u, machine.cores), limits::kMaxDefaultSlots, room}));
  uint32_t used = 0, chosen = 1, threads_of_each = 1;
  for (uint32_t slots = most; 2 * slots >= most; --slots) {
    const uint32_t threads = std::max(1u, machine.cores / slots);
    if (slots * threads <= used) continue;
    used = slots * threads;
    chosen = slots;
    threads_of_each = threads;
  }
  SlotChoice choice;
  for (uint32_t i = 0; i < chosen; ++i) choice.slots.push_back({absl::StrCat("cpu", i), "cpu", threads_of_each});
  choice.reason = absl::StrFormat("%d of %d %s: %d cores, %.1f GiB; a slot a core, at most %d, %.0f GiB each", chosen,
                                  threads_of_each, threads_of_each == 1 ? "thread" : "threads", machine.cores,
                                  static_cast<double>(machine.memory_bytes) / kGiB, limits::kMaxDefaultSlots,
                                  static_cast<double>(limits::kDefaultSlotBytes) / kGiB);
  return choice;
}

}  // namespace

std::vector<FoundGpu> FindGpus(const std::string& nvml_library) {
  std::vector<FoundGpu> found;
  const absl::StatusOr<std::unique_ptr<Nvml>> nvml = Nvml::Open(nvml_library);
  if (!nvml.ok()) return found;
  const uint32_t count = (*nvml)->Count().value_or(0);
  for (uint32_t i = 0; i < count; ++i) {
    const absl::StatusOr<GpuReading> reading = (*nvml)->Read(i);
    if (reading.ok()) found.push_back({absl::StrCat("cuda:", i), reading->model, reading->uuid});
  }
  return found;
}

std::vector<FoundGpu> VisibleGpus(const std::vector<FoundGpu>& gpus, const char* cuda_visible_devices) {
  if (cuda_visible_devices == nullptr) return gpus;
  std::vector<FoundGpu> visible;
  for (const absl::string_view text : absl::StrSplit(cuda_visible_devices, ',')) {
    const absl::string_view word = absl::StripAsciiWhitespace(text);
    const auto named = [word](const FoundGpu& gpu) {
      return gpu.name == absl::StrCat("cuda:", word) || (word.size() > 4 && absl::StartsWith(gpu.uuid, word));
    };
    const auto found = std::find_if(gpus.begin(), gpus.end(), named);
    if (found == gpus.end()) break;
    visible.push_back(*found);
  }
  return visible;
}

SlotChoice ChooseSlots(const Machine& machine, const std::vector<FoundGpu>& gpus, uint64_t slots_per_gpu) {
  return gpus.empty() ? OfCpu(machine) : OfGpus(machine, gpus, std::max<uint64_t>(1, slots_per_gpu));
}

}  // namespace sumscope::devices

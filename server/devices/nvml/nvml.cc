#include "server/devices/nvml/nvml.h"

#include <dlfcn.h>

#include <algorithm>
#include <map>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"

namespace sumscope::devices {
namespace {

constexpr unsigned int kMostProcesses = 4096;  // of one GPU: a longer list is an error

absl::Status Missing(const std::string& library, absl::string_view why) {
  return MakeError(absl::StatusCode::kNotFound, "NVML_MISSING",
                   absl::StrCat("cannot use ", library, ": ", why, "; without it no GPU is looked at"));
}

// False where the library lacks `name`.
template <typename Function>
bool Find(void* library, const char* name, Function* function) {
  *function = reinterpret_cast<Function>(dlsym(library, name));
  return *function != nullptr;
}

// The name that is missing, or null.
const char* FindAll(void* library, nvml::Functions* all) {
  const char* missing = nullptr;
  const auto find = [&](const char* name, auto* function) {
    if (!Find(library, name, function) && missing == nullptr) missing = name;
  };
  find("nvmlInit_v2", &all->init);
  find("nvmlShutdown", &all->shutdown);
  find("nvmlErrorString", &all->error_string);
  find("nvmlDeviceGetCount_v2", &all->count);
  find("nvmlDeviceGetHandleByIndex_v2", &all->device);
  find("nvmlDeviceGetUUID", &all->uuid);
  find("nvmlDeviceGetName", &all->name);
  find("nvmlDeviceGetMemoryInfo", &all->memory);
  find("nvmlDeviceGetUtilizationRates", &all->utilization);
  find("nvmlDeviceGetTemperature", &all->temperature);
  find("nvmlDeviceGetComputeRunningProcesses_v3", &all->compute_processes);
  find("nvmlDeviceGetGraphicsRunningProcesses_v3", &all->graphics_processes);
  return missing;
}

// What a GPU lacks is no error.
bool IsAbsent(nvml::Return result) { return result == nvml::kNotSupported || result == nvml::kNoPermission; }

}  // namespace

absl::StatusOr<std::unique_ptr<Nvml>> Nvml::Open(const std::string& library) {
  void* const handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* const error = dlerror();
    return Missing(library, error == nullptr ? "it cannot be loaded" : error);
  }
  nvml::Functions functions = {};
  if (const char* const missing = FindAll(handle, &functions); missing != nullptr) {
    dlclose(handle);
    return Missing(library, absl::StrCat("it has no ", missing, ", its driver is too old"));
  }
  std::unique_ptr<Nvml> opened = absl::WrapUnique(new Nvml(handle, functions));
  SUMSCOPE_RETURN_IF_ERROR(opened->Restart());
  return opened;
}

Nvml::~Nvml() {
  if (initialised_) functions_.shutdown();
  dlclose(library_);
}

absl::Status Nvml::Restart() {
  if (initialised_) functions_.shutdown();
  initialised_ = false;
  SUMSCOPE_RETURN_IF_ERROR(Check(functions_.init(), "NVML does not start"));
  initialised_ = true;
  return absl::OkStatus();
}

absl::StatusOr<uint32_t> Nvml::Count() const {
  unsigned int count = 0;
  SUMSCOPE_RETURN_IF_ERROR(Check(functions_.count(&count), "NVML cannot count GPUs"));
  return count;
}

absl::StatusOr<GpuReading> Nvml::Read(uint32_t index) const {
  GpuReading reading;
  nvml::Device device = nullptr;
  SUMSCOPE_RETURN_IF_ERROR(Check(functions_.device(index, &device), "NVML cannot open the GPU"));
  char text[nvml::kTextSize] = "";
  SUMSCOPE_RETURN_IF_ERROR(Check(functions_.uuid(device, text, sizeof(text)), "the GPU does not say its UUID"));
  reading.uuid = text;
  SUMSCOPE_RETURN_IF_ERROR(Check(functions_.name(device, text, sizeof(text)), "the GPU does not say its name"));
  reading.model = text;
  nvml::Memory memory = {};
  SUMSCOPE_RETURN_IF_ERROR(Check(functions_.memory(device, &memory), "the GPU does not say its memory"));
  reading.memory_total = memory.total;
  reading.memory_used = memory.used;

  nvml::Utilization utilization = {};
  const nvml::Return utilised = functions_.utilization(device, &utilization);
  if (utilised == nvml::kSuccess) reading.utilisation = utilization.gpu;
  if (!IsAbsent(utilised)) SUMSCOPE_RETURN_IF_ERROR(Check(utilised, "the GPU does not say its utilisation"));
  unsigned int celsius = 0;
  const nvml::Return measured = functions_.temperature(device, nvml::kTemperatureOfGpu, &celsius);
  if (measured == nvml::kSuccess) reading.temperature = celsius;
  if (!IsAbsent(measured)) SUMSCOPE_RETURN_IF_ERROR(Check(measured, "the GPU does not say its temperature"));
  SUMSCOPE_RETURN_IF_ERROR(ReadProcesses(device, &reading));
  return reading;
}

absl::Status Nvml::ReadProcesses(nvml::Device device, GpuReading* reading) const {
  // One that computes and draws is in both lists, with the same memory.
  std::map<int64_t, std::optional<uint64_t>> found;
  for (const auto list : {functions_.compute_processes, functions_.graphics_processes}) {
    std::vector<nvml::ProcessInfo> processes(64);
    unsigned int count = 0;
    nvml::Return result = nvml::kInsufficientSize;
    while (result == nvml::kInsufficientSize && processes.size() <= kMostProcesses) {
      count = static_cast<unsigned int>(processes.size());
      result = list(device, &count, processes.data());
      if (result == nvml::kInsufficientSize) processes.resize(2 * processes.size());
    }
    if (IsAbsent(result)) continue;
    SUMSCOPE_RETURN_IF_ERROR(Check(result, "the GPU does not say who uses it"));
    for (unsigned int i = 0; i < std::min<size_t>(count, processes.size()); ++i) {
      const nvml::ProcessInfo& process = processes[i];
      std::optional<uint64_t>& memory = found[process.pid];
      if (process.used_memory == nvml::kNotAvailable) continue;
      memory = std::max<uint64_t>(memory.value_or(0), process.used_memory);
    }
  }
  for (const auto& [pid, memory] : found) reading->processes.push_back({pid, memory});
  return absl::OkStatus();
}

absl::Status Nvml::Check(nvml::Return result, const char* what) const {
  if (result == nvml::kSuccess) return absl::OkStatus();
  const char* const text = functions_.error_string(result);
  const std::string said = absl::StrCat(what, ": ", text == nullptr ? "" : text, " (", static_cast<int>(result), ")");
  if (result != nvml::kGpuIsLost && result != nvml::kResetRequired) {
    return MakeError(absl::StatusCode::kUnavailable, "NVML_FAILED", said);
  }
  return MakeError(
      absl::StatusCode::kUnavailable, "GPU_LOST",
      absl::StrCat(said,
                   "; look at it with nvidia-smi and dmesg, a reset or a restart of the machine may bring it back"));
}

}  // namespace sumscope::devices

#ifndef SUMSCOPE_SERVER_DEVICES_NVML_NVML_H_
#define SUMSCOPE_SERVER_DEVICES_NVML_NVML_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/devices/nvml/abi.h"

namespace sumscope::devices {

inline constexpr char kNvmlLibrary[] = "libnvidia-ml.so.1";

struct GpuProcess {
  int64_t pid = 0;
  std::optional<uint64_t> memory_bytes;  // nullopt: the driver does not say
};

// What NVML says of one GPU at one time.
struct GpuReading {
  std::string uuid;                            // GPU-5f0c..
  std::string model;                           // NVIDIA H200
  uint64_t memory_total = 0, memory_used = 0;  // bytes
  std::optional<uint32_t> utilisation;         // percent
  std::optional<uint32_t> temperature;         // degrees Celsius
  std::vector<GpuProcess> processes;           // compute and graphics, each once, by pid
};

// NVIDIA's management library, opened at run time: a machine without it needs nothing of it. Any call may take as long
// as the driver does. Thread-safe but for Restart, during which nobody else may call.
class Nvml {
 public:
  // `library` is a path, or a name that the loader looks for. NOT_FOUND NVML_MISSING: no such library, or one without a
  // function of abi.h; UNAVAILABLE NVML_FAILED: it cannot talk to its driver.
  static absl::StatusOr<std::unique_ptr<Nvml>> Open(const std::string& library);
  ~Nvml();
  Nvml(const Nvml&) = delete;
  Nvml& operator=(const Nvml&) = delete;

  // Starts anew: it sees a GPU that has come back only then, and numbers GPUs by who is there. UNAVAILABLE NVML_FAILED,
  // after which every call fails until another Restart.
  absl::Status Restart();
  // GPUs of the machine, also such as cannot be read. UNAVAILABLE NVML_FAILED.
  absl::StatusOr<uint32_t> Count() const;
  // By the number of its place on the bus, from 0. UNAVAILABLE GPU_LOST: it fell off the bus or needs a reset;
  // UNAVAILABLE NVML_FAILED.
  absl::StatusOr<GpuReading> Read(uint32_t index) const;

 private:
  Nvml(void* library, const nvml::Functions& functions) : library_(library), functions_(functions) {}
  absl::Status Check(nvml::Return result, const char* what) const;
  absl::Status ReadProcesses(nvml::Device device, GpuReading* reading) const;

  void* const library_;
  const nvml::Functions functions_;
  bool initialised_ = false;
};

}  // namespace sumscope::devices

#endif  // SUMSCOPE_SERVER_DEVICES_NVML_NVML_H_

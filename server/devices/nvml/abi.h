#ifndef SUMSCOPE_SERVER_DEVICES_NVML_ABI_H_
#define SUMSCOPE_SERVER_DEVICES_NVML_ABI_H_

// What this program calls of NVML (libnvidia-ml.so.1), declared here: README.md says why. Types and numbers are those
// of its binary interface, which NVIDIA keeps for names with a version in them.
namespace sumscope::devices::nvml {

using Device = struct OpaqueDevice*;

enum Return : int {
  kSuccess = 0,
  kNotSupported = 3,
  kNoPermission = 4,
  kInsufficientSize = 7,
  kGpuIsLost = 15,
  kResetRequired = 16,
};

struct Memory {
  unsigned long long total, free, used;  // bytes; what the driver reserves counts as used
};
struct Utilization {
  unsigned int gpu, memory;  // percent of the last sample period
};
struct ProcessInfo {
  unsigned int pid;                // in the name space of the machine, not of a container
  unsigned long long used_memory;  // bytes, or kNotAvailable
  unsigned int gpu_instance;       // of MIG
  unsigned int compute_instance;   // of MIG
};

inline constexpr unsigned long long kNotAvailable = ~0ULL;
inline constexpr int kTemperatureOfGpu = 0;
inline constexpr unsigned int kTextSize = 96;  // of names and UUIDs

// In the order of their names in nvml.cc.
struct Functions {
  Return (*init)();
  Return (*shutdown)();
  const char* (*error_string)(Return);
  Return (*count)(unsigned int* count);
  Return (*device)(unsigned int index, Device* device);
  Return (*uuid)(Device, char* text, unsigned int size);
  Return (*name)(Device, char* text, unsigned int size);
  Return (*memory)(Device, Memory*);
  Return (*utilization)(Device, Utilization*);
  Return (*temperature)(Device, int sensor, unsigned int* celsius);
  Return (*compute_processes)(Device, unsigned int* count, ProcessInfo*);
  Return (*graphics_processes)(Device, unsigned int* count, ProcessInfo*);
};

}  // namespace sumscope::devices::nvml

#endif  // SUMSCOPE_SERVER_DEVICES_NVML_ABI_H_

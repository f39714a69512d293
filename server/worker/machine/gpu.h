#ifndef SUMSCOPE_SERVER_WORKER_MACHINE_GPU_H_
#define SUMSCOPE_SERVER_WORKER_MACHINE_GPU_H_

#include <string>

#include "server/engine/runtime/torch.h"

namespace sumscope::worker {

inline constexpr char kCudaDriver[] = "libcuda.so.1";

// The UUID of the GPU that CUDA gives this number in this process, as NVML writes it: GPU-5f0c.. Asked of the driver,
// which is there wherever a GPU is; "" where it does not say.
std::string CudaUuid(int index, const std::string& driver = kCudaDriver);

// Of `device`; "" of the CPU.
std::string DeviceUuid(const torch::Device& device);

// Gives memory back to the GPU that freed tensors left in LibTorch's cache, so that others may have it between tasks.
// Nothing on the CPU. Throws what LibTorch throws.
void ReleaseCachedMemory(const torch::Device& device);

}  // namespace sumscope::worker

#endif  // SUMSCOPE_SERVER_WORKER_MACHINE_GPU_H_

#ifndef SUMSCOPE_SERVER_ENGINE_DEVICE_DEVICE_H_
#define SUMSCOPE_SERVER_ENGINE_DEVICE_DEVICE_H_

#include <string>

#include "server/engine/runtime/torch.h"

namespace sumscope::engine {

// What decides the bytes of a result beside spec and seed: recorded with every attempt.
struct DeviceInfo {
  std::string device;     // "cpu", "cuda:0"
  std::string cpu_model;  // "AMD EPYC ..", empty where the system does not say
  std::string isa_level;  // LibTorch's word for the kernels it chose: DEFAULT, AVX2, AVX512
  std::string torch_version;
  int threads = 1;  // intra-op threads
};

DeviceInfo DescribeDevice(const torch::Device& device);

// Throws kInvalidArgument (DEVICE_UNAVAILABLE) where the device is not there: no such GPU, or a LibTorch without CUDA.
void RequireDevice(const torch::Device& device);

// Sets up the process for reproducible numbers: `threads` intra-op threads, one inter-op thread, deterministic
// algorithms, no TF32. Call it on the thread that computes, before its first computation; throws kInvalidArgument
// (BAD_THREADS) below 1. On a busy machine start the process with GOMP_SPINCOUNT=1000: threads that spin while they
// wait for one that was preempted cost up to nine tenths of the speed (measured), and OpenMP reads it only at start.
void SetThreads(int threads);

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_DEVICE_DEVICE_H_

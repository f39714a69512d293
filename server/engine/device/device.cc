#include "server/engine/device/device.h"

#include <ATen/Version.h>
#include <malloc.h>
#include <torch/cuda.h>
#include <torch/version.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "server/engine/runtime/error.h"

namespace sumscope::engine {
namespace {

std::string CpuModel() {
  std::ifstream file("/proc/cpuinfo");
  std::string line;
  while (std::getline(file, line)) {
    if (line.rfind("model name", 0) != 0) continue;
    const size_t start = line.find_first_not_of(" \t", line.find(':') + 1);
    return start == std::string::npos ? "" : line.substr(start);
  }
  return "";
}

}  // namespace

DeviceInfo DescribeDevice(const torch::Device& device) {
  return {device.str(), CpuModel(), at::get_cpu_capability(), TORCH_VERSION, at::get_num_threads()};
}

void RequireDevice(const torch::Device& device) {
  if (device.is_cpu()) return;
  const auto count =
      device.is_cuda() && torch::cuda::is_available() ? static_cast<int>(torch::cuda::device_count()) : 0;
  if (std::max<int>(device.index(), 0) < count) return;
  throw Error(ErrorKind::kInvalidArgument, "DEVICE_UNAVAILABLE",
              "device " + device.str() + " is not there: no such GPU, no driver, or a LibTorch without CUDA");
}

void SetThreads(int threads) {
  if (threads < 1) throw Error(ErrorKind::kInvalidArgument, "BAD_THREADS", "threads must be at least 1");
  at::set_num_threads(threads);
  static const bool interop_set = [] {
    at::set_num_interop_threads(1);  // LibTorch takes it once per process
    return true;
  }();
  (void)interop_set;
  setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", /*overwrite=*/0);  // without it cuBLAS refuses to be deterministic
  at::globalContext().setDeterministicAlgorithms(true, /*warn_only=*/false);
  at::globalContext().setDeterministicFillUninitializedMemory(false);
  at::globalContext().setAllowTF32CuBLAS(false);
  at::globalContext().setAllowTF32CuDNN(false);
  // A training step allocates and frees the same megabytes again and again: keep them mapped, page faults cost more
  // than the arithmetic of small models.
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 512 << 20);
}

}  // namespace sumscope::engine

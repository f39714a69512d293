#include "server/worker/machine/gpu.h"

#include <c10/core/CachingDeviceAllocator.h>
#include <dlfcn.h>

#include <array>
#include <memory>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace sumscope::worker {
namespace {

// CUDA's driver interface, whose headers a build without CUDA lacks.
using InitCuda = int (*)(unsigned int flags);
using CudaDeviceGet = int (*)(int* device, int ordinal);
using CudaDeviceGetUuid = int (*)(unsigned char* uuid, int device);

template <typename Function>
Function FindFunction(void* library, const char* name) {
  return reinterpret_cast<Function>(dlsym(library, name));
}

}  // namespace

std::string CudaUuid(int index, const std::string& driver) {
  const auto close = [](void* handle) { dlclose(handle); };
  const std::unique_ptr<void, decltype(close)> library(dlopen(driver.c_str(), RTLD_NOW | RTLD_LOCAL), close);
  if (library == nullptr) return "";
  const auto init = FindFunction<InitCuda>(library.get(), "cuInit");
  const auto get = FindFunction<CudaDeviceGet>(library.get(), "cuDeviceGet");
  const auto get_uuid = FindFunction<CudaDeviceGetUuid>(library.get(), "cuDeviceGetUuid_v2");
  if (init == nullptr || get == nullptr || get_uuid == nullptr) return "";
  int device = 0;
  std::array<unsigned char, 16> bytes = {};
  if (init(0) != 0 || get(&device, index) != 0 || get_uuid(bytes.data(), device) != 0) return "";
  const std::string hex =
      absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  return absl::StrCat("GPU-", hex.substr(0, 8), "-", hex.substr(8, 4), "-", hex.substr(12, 4), "-", hex.substr(16, 4),
                      "-", hex.substr(20));
}

std::string DeviceUuid(const torch::Device& device) {
  return device.is_cuda() ? CudaUuid(device.has_index() ? device.index() : 0) : "";
}

void ReleaseCachedMemory(const torch::Device& device) {
  if (device.is_cuda()) at::getDeviceAllocator(device.type())->emptyCache();
}

}  // namespace sumscope::worker

#include "server/worker/machine/environment.h"

#include <torch/cuda.h>
#include <unistd.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/text/quote.h"
#include "server/engine/device/device.h"

namespace sumscope::worker {

absl::StatusOr<torch::Device> OpenDevice(const std::string& name) {
  if (name == "cpu") return torch::Device(torch::kCPU);
  absl::string_view rest = name;
  int index = 0;
  const bool cuda = absl::ConsumePrefix(&rest, "cuda");
  if (!cuda || !(rest.empty() || (absl::ConsumePrefix(&rest, ":") && absl::SimpleAtoi(rest, &index) && index >= 0))) {
    return MakeError(absl::StatusCode::kInvalidArgument, "DEVICE_UNKNOWN",
                     absl::StrCat("device ", Quote(name), " is neither cpu nor cuda:N"));
  }
  if (!torch::cuda::is_available() || index >= static_cast<int>(torch::cuda::device_count())) {
    return MakeError(
        absl::StatusCode::kUnavailable, "DEVICE_UNAVAILABLE",
        absl::StrCat("device ", Quote(name), " is not there: no such GPU, no driver, or a LibTorch without CUDA"));
  }
  return torch::Device(torch::kCUDA, static_cast<torch::DeviceIndex>(index));
}

sumscope::v1::Attempt DescribeProvenance(const Environment& environment) {
  char host[256] = "";
  gethostname(host, sizeof(host) - 1);
  const absl::StatusOr<torch::Device> device = OpenDevice(environment.device);
  const engine::DeviceInfo info = engine::DescribeDevice(device.ok() ? *device : torch::Device(torch::kCPU));

  sumscope::v1::Attempt provenance;
  provenance.set_host(host);
  provenance.set_cpu_model(info.cpu_model);
  provenance.set_isa_level(info.isa_level);
  provenance.set_device(device.ok() ? info.device : environment.device);
  provenance.set_threads(environment.threads);
  provenance.set_torch_version(info.torch_version);
  provenance.set_sumscope_version(SUMSCOPE_VERSION);
  provenance.set_git_hash(SUMSCOPE_GIT_HASH);
  return provenance;
}

}  // namespace sumscope::worker

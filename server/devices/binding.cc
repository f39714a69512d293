#include "server/devices/binding.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/text/quote.h"

namespace sumscope::devices {
namespace {

std::string Bare(const std::string& uuid) {
  const std::string lower = absl::AsciiStrToLower(uuid);
  absl::string_view rest = lower;
  if (!absl::ConsumePrefix(&rest, "gpu-")) absl::ConsumePrefix(&rest, "mig-");
  return std::string(rest);
}

}  // namespace

absl::Status CheckBinding(const std::string& device, const std::string& device_uuid, const std::string& worker_uuid) {
  if (device_uuid.empty() || worker_uuid.empty() || Bare(device_uuid) == Bare(worker_uuid)) return absl::OkStatus();
  return MakeError(
      absl::StatusCode::kFailedPrecondition, "DEVICE_MISMATCH",
      absl::StrCat("the worker computes on the GPU ", Quote(worker_uuid), ", and ", device, " is ", device_uuid,
                   "; start the server without CUDA_VISIBLE_DEVICES, which numbers GPUs anew"));
}

}  // namespace sumscope::devices

#ifndef SUMSCOPE_SERVER_DEVICES_BINDING_H_
#define SUMSCOPE_SERVER_DEVICES_BINDING_H_

#include <string>

#include "absl/status/status.h"

namespace sumscope::devices {

// Whether a worker that says `worker_uuid` of its GPU computes on the one that NVML calls `device_uuid`: the prefix
// (GPU-, MIG-) and the case of letters say nothing. OK where either is empty: nobody knows. FAILED_PRECONDITION
// DEVICE_MISMATCH.
absl::Status CheckBinding(const std::string& device, const std::string& device_uuid, const std::string& worker_uuid);

}  // namespace sumscope::devices

#endif  // SUMSCOPE_SERVER_DEVICES_BINDING_H_

#ifndef SUMSCOPE_SERVER_WORKER_MACHINE_ENVIRONMENT_H_
#define SUMSCOPE_SERVER_WORKER_MACHINE_ENVIRONMENT_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "proto/contract/base/clock.h"
#include "server/engine/runtime/torch.h"
#include "sumscope/v1/runs.pb.h"

namespace sumscope::worker {

// What a worker has to compute with: fixed for the life of the process.
struct Environment {
  std::string device;    // cpu, cuda:0
  uint32_t threads = 1;  // unless a task says otherwise
  Clock* clock = Clock::Real();
};

// INVALID_ARGUMENT DEVICE_UNKNOWN for another word than cpu, cuda and cuda:N; UNAVAILABLE DEVICE_UNAVAILABLE when it is
// not on this machine.
absl::StatusOr<torch::Device> OpenDevice(const std::string& name);

// Where and with what this process computes: host, cpu_model, isa_level, device, threads and versions. Of a device that
// cannot be opened the name alone is reported.
sumscope::v1::Attempt DescribeProvenance(const Environment& environment);

}  // namespace sumscope::worker

#endif  // SUMSCOPE_SERVER_WORKER_MACHINE_ENVIRONMENT_H_

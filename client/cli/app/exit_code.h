#ifndef SUMSCOPE_CLIENT_CLI_APP_EXIT_CODE_H_
#define SUMSCOPE_CLIENT_CLI_APP_EXIT_CODE_H_

#include "absl/status/status.h"
#include "sumscope/v1/runs.pb.h"

namespace sumscope::client {

// What the program exits with; part of the contract.
enum class ExitCode {
  kDone = 0,
  kFailure = 1,
  kUsage = 2,
  kNotFound = 3,
  kNotAllowed = 4,
  kJobFailed = 5,
  kJobCancelled = 6,
  kUnavailable = 7,
  kPrecondition = 8,
  kQuota = 9,
  kTimeout = 124,
  kInterrupted = 130,
};

ExitCode ExitCodeOf(const absl::Status& status);

// The fate of an ended job; kFailure for a state that is no end.
ExitCode FateOf(v1::State state);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_APP_EXIT_CODE_H_

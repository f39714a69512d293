#include "client/cli/app/exit_code.h"

#include <gtest/gtest.h>

namespace sumscope::client {
namespace {

TEST(ExitCode_Test, GivenAStatusThenTheContractsCode) {
  const std::pair<absl::StatusCode, int> kCodes[] = {
      {absl::StatusCode::kOk, 0},
      {absl::StatusCode::kUnknown, 1},
      {absl::StatusCode::kInternal, 1},
      {absl::StatusCode::kDataLoss, 1},
      {absl::StatusCode::kUnimplemented, 1},
      {absl::StatusCode::kInvalidArgument, 2},
      {absl::StatusCode::kOutOfRange, 2},
      {absl::StatusCode::kNotFound, 3},
      {absl::StatusCode::kPermissionDenied, 4},
      {absl::StatusCode::kUnauthenticated, 4},
      {absl::StatusCode::kUnavailable, 7},
      {absl::StatusCode::kFailedPrecondition, 8},
      {absl::StatusCode::kAlreadyExists, 8},
      {absl::StatusCode::kResourceExhausted, 9},
      {absl::StatusCode::kDeadlineExceeded, 124},
      {absl::StatusCode::kCancelled, 130},
  };
  for (const auto& [code, exit] : kCodes) EXPECT_EQ(static_cast<int>(ExitCodeOf(absl::Status(code, ""))), exit);
}

TEST(ExitCode_Test, GivenAnEndedJobThenItsFate) {
  EXPECT_EQ(FateOf(v1::SUCCEEDED), ExitCode::kDone);
  EXPECT_EQ(FateOf(v1::FAILED), ExitCode::kJobFailed);
  EXPECT_EQ(FateOf(v1::CANCELLED), ExitCode::kJobCancelled);
  EXPECT_EQ(FateOf(v1::RUNNING), ExitCode::kFailure);
}

}  // namespace
}  // namespace sumscope::client

#include "server/worker/tasks/guard.h"

#include <c10/util/Exception.h>
#include <gtest/gtest.h>

#include <new>
#include <stdexcept>

#include "proto/contract/errors/errors.h"
#include "server/engine/runtime/error.h"
#include "server/engine/runtime/torch.h"

namespace sumscope::worker {
namespace {

using engine::Error;
using engine::ErrorKind;

template <typename Exception>
absl::Status Throwing(const Exception& exception) {
  return Guarded([&exception]() -> absl::Status { throw exception; });
}

TEST(Guarded_Test, GivenAnEngineErrorThenItsKindAndReasonStay) {
  const absl::Status status = Throwing(Error(ErrorKind::kNonFinite, "NON_FINITE_LOSS", "step 7"));
  EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(ErrorReason(status), "NON_FINITE_LOSS");
  EXPECT_EQ(Throwing(Error(ErrorKind::kInvalidArgument, "X", "")).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Throwing(Error(ErrorKind::kCancelled, "X", "")).code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(Throwing(Error(ErrorKind::kCorrupt, "X", "")).code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(Throwing(Error(ErrorKind::kInternal, "X", "")).code(), absl::StatusCode::kInternal);
}

TEST(Guarded_Test, GivenAnyWeightsErrorThenTheReasonIsWeightsInvalid) {
  EXPECT_EQ(ErrorReason(Throwing(Error(ErrorKind::kInvalidArgument, "WEIGHTS_SHAPE", "embed.W_E"))), "WEIGHTS_INVALID");
}

// Out of memory on a processor was LIBTORCH_ERROR, and tried three times.
TEST(Guarded_Test, GivenNoMemoryThenItIsSaidAndNotTriedAgain) {
  constexpr int64_t kPetabyte = int64_t{1} << 50;
  for (const absl::Status& status :
       {Throwing(std::bad_alloc()), Throwing(std::length_error("vector::_M_default_append")),
        Guarded([]() -> absl::Status { return torch::empty({kPetabyte}), absl::OkStatus(); })}) {
    EXPECT_EQ(ErrorReason(status), "OUT_OF_MEMORY") << status;
    EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
    EXPECT_FALSE(FinishedOf(status, Interruption::kNone).retryable());
    EXPECT_EQ(FinishedOf(status, Interruption::kNone).reason(), "OUT_OF_MEMORY");
  }
}

TEST(Guarded_Test, GivenForeignExceptionsThenTheyAreWorthAnotherAttempt) {
  EXPECT_EQ(ErrorReason(Throwing(std::runtime_error("boom"))), "UNEXPECTED_EXCEPTION");
  const absl::Status torch_error = Guarded([]() -> absl::Status { TORCH_CHECK(false, "boom"); });
  EXPECT_EQ(ErrorReason(torch_error), "LIBTORCH_ERROR");
  EXPECT_TRUE(FinishedOf(torch_error, Interruption::kNone).retryable());
}

TEST(FinishedOf_Test, GivenAFailureThenReasonDetailAndRetryAreSaid) {
  const v1::Finished finished =
      FinishedOf(MakeError(absl::StatusCode::kOutOfRange, "NON_FINITE_LOSS", "step 7"), Interruption::kNone);
  EXPECT_EQ(finished.outcome(), v1::Finished::FAILED);
  EXPECT_EQ(finished.reason(), "NON_FINITE_LOSS");
  EXPECT_EQ(finished.detail(), "step 7");
  EXPECT_FALSE(finished.retryable());
}

TEST(FinishedOf_Test, GivenAnInterruptionThenTheOutcomeIsWhatWasAskedFor) {
  const absl::Status cancelled = MakeError(absl::StatusCode::kCancelled, "INTERRUPTED", "");
  EXPECT_EQ(FinishedOf(cancelled, Interruption::kCancel).outcome(), v1::Finished::CANCELLED);
  EXPECT_EQ(FinishedOf(cancelled, Interruption::kStop).outcome(), v1::Finished::STOPPED);
  EXPECT_EQ(FinishedOf(cancelled, Interruption::kNone).outcome(), v1::Finished::FAILED);
  EXPECT_EQ(FinishedOf(absl::OkStatus(), Interruption::kCancel).outcome(), v1::Finished::DONE);
}

}  // namespace
}  // namespace sumscope::worker

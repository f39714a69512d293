#include "server/rpc/serve/gate/call_limits.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "proto/contract/errors/errors.h"
#include "tests/server/transport/manual_clock.h"

namespace sumscope::rpc {
namespace {

using Lasting = CallLimits::Lasting;

class CallLimits_Test : public testing::Test {
 protected:
  static auth::Caller Named(const std::string& name) {
    auth::Caller caller;
    caller.name = name;
    return caller;
  }
  // Calls that pass, of `tries` at once.
  int Passing(const std::string& name, int tries) {
    int passing = 0;
    for (int i = 0; i < tries; ++i) passing += limits_.Count(Named(name)).ok() ? 1 : 0;
    return passing;
  }

  ManualClock clock_;
  CallLimits limits_{{/*calls_per_second=*/2, /*burst=*/30, /*streams=*/2, /*uploads=*/1}, &clock_};
};

TEST_F(CallLimits_Test, UserCallsTooOftenThenOnlyTheyAreTold) {
  EXPECT_EQ(Passing("ada", 100), 30);
  EXPECT_EQ(ErrorReason(limits_.Count(Named("ada"))), "TOO_MANY_CALLS");
  EXPECT_EQ(Passing("bob", 5), 5);
}

TEST_F(CallLimits_Test, TimePassesThenCallsComeBackAtTheRateUpToTheBurst) {
  EXPECT_EQ(Passing("ada", 100), 30);
  clock_.Advance(1);
  EXPECT_EQ(Passing("ada", 100), 2);
  clock_.Advance(3);
  EXPECT_EQ(Passing("ada", 100), 6);
  clock_.Advance(3600);
  EXPECT_EQ(Passing("ada", 100), 30);
}

TEST_F(CallLimits_Test, LimitIsPassedThenTheErrorSaysWhenToTryAgainAndWhoseLimitItIs) {
  Passing("ada", 30);
  const absl::Status refused = limits_.Count(Named("ada"));
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  const google::rpc::Status rpc = ToRpcStatus(refused);
  google::rpc::RetryInfo retry;
  google::rpc::QuotaFailure quota;
  for (const auto& detail : rpc.details()) {
    detail.UnpackTo(&retry);
    detail.UnpackTo(&quota);
  }
  EXPECT_EQ(retry.retry_delay().nanos(), 500'000'000);
  ASSERT_EQ(quota.violations_size(), 1);
  EXPECT_EQ(quota.violations(0).subject(), "user:ada");
}

TEST_F(CallLimits_Test, StreamsAndUploadsAreCountedApartAndGivenBack) {
  auto first = limits_.Enter(Named("ada"), Lasting::kStream);
  auto second = limits_.Enter(Named("ada"), Lasting::kStream);
  auto upload = limits_.Enter(Named("ada"), Lasting::kUpload);
  ASSERT_TRUE(first.ok() && second.ok() && upload.ok());
  EXPECT_EQ(ErrorReason(limits_.Enter(Named("ada"), Lasting::kStream).status()), "TOO_MANY_STREAMS");
  EXPECT_EQ(ErrorReason(limits_.Enter(Named("ada"), Lasting::kUpload).status()), "TOO_MANY_UPLOADS");
  EXPECT_TRUE(limits_.Enter(Named("bob"), Lasting::kUpload).ok());
  first->reset();
  EXPECT_TRUE(limits_.Enter(Named("ada"), Lasting::kStream).ok());
}

TEST_F(CallLimits_Test, ServersOwnAccountIsNotCounted) {
  auth::Caller root = Named("root");
  root.unlimited = true;
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(limits_.Count(root).ok());
  std::vector<std::unique_ptr<CallLimits::Place>> places;
  for (int i = 0; i < 10; ++i) {
    auto place = limits_.Enter(root, Lasting::kStream);
    ASSERT_TRUE(place.ok());
    places.push_back(*std::move(place));
  }
}

TEST_F(CallLimits_Test, MoreUsersComeThanAreToldApartThenThoseWithOpenCallsAreKept) {
  const auto place = limits_.Enter(Named("ada"), Lasting::kUpload);
  ASSERT_TRUE(place.ok());
  for (size_t i = 0; i < 2 * limits::kMaxCountedUsers; ++i) {
    ASSERT_TRUE(limits_.Count(Named(absl::StrCat("user", i))).ok());
    if (i % 1000 == 0) clock_.Advance(10);
  }
  EXPECT_EQ(ErrorReason(limits_.Enter(Named("ada"), Lasting::kUpload).status()), "TOO_MANY_UPLOADS");
}

}  // namespace
}  // namespace sumscope::rpc

#include "client/base/backoff.h"

#include <gtest/gtest.h>

#include <thread>

#include "proto/contract/errors/errors.h"
#include "tests/client/fake_server.h"

namespace sumscope::client {
namespace {

const absl::Status kLost = absl::UnavailableError("lost");

TEST(Backoff_Test, WhenAttemptsFailThenDelaysGrowUntilThePatienceIsUsedUp) {
  FakeSleeper sleeper;
  Backoff backoff(&sleeper, absl::Seconds(1));
  EXPECT_TRUE(backoff.Wait(kLost));
  EXPECT_TRUE(backoff.Wait(kLost));
  EXPECT_TRUE(backoff.Wait(kLost));
  EXPECT_EQ(sleeper.slept, absl::Milliseconds(700));
  EXPECT_FALSE(backoff.Wait(kLost));  // 0.8 s more would be too much
}

TEST(Backoff_Test, WhenAnAttemptTookLongThenItsTimeCounts) {
  FakeSleeper sleeper;
  Backoff backoff(&sleeper, absl::Seconds(1));
  EXPECT_TRUE(backoff.Wait(kLost, absl::Milliseconds(500)));
  EXPECT_FALSE(backoff.Wait(kLost, absl::Milliseconds(300)));
  EXPECT_EQ(sleeper.sleeps, 1);
}

TEST(Backoff_Test, WhenTheServerAsksForADelayThenItIsRespected) {
  FakeSleeper sleeper;
  Backoff backoff(&sleeper, absl::Minutes(1));
  EXPECT_TRUE(backoff.Wait(WithRetryAfter(kLost, absl::Seconds(7))));
  EXPECT_EQ(sleeper.slept, absl::Seconds(7));
}

TEST(Backoff_Test, WhenADelayIsAbsurdThenItIsCapped) {
  EXPECT_EQ(RetryDelay(WithRetryAfter(kLost, absl::Hours(900))), absl::Minutes(1));
  EXPECT_EQ(RetryDelay(kLost), absl::ZeroDuration());
}

TEST(Cancellation_Test, WhenCancelledThenScopesAndWaitsHearOfIt) {
  Cancellation cancellation;
  int calls = 0;
  {
    const Cancellation::Scope gone(&cancellation, [&calls] { calls += 100; });
  }
  const Cancellation::Scope scope(&cancellation, [&calls] { ++calls; });
  std::thread waiter([&cancellation] { cancellation.WaitFor(absl::Hours(1)); });
  cancellation.Cancel();
  waiter.join();
  EXPECT_EQ(calls, 1);
  EXPECT_TRUE(cancellation.cancelled());
  const Cancellation::Scope late(&cancellation, [&calls] { calls += 10; });
  EXPECT_EQ(calls, 11);
}

}  // namespace
}  // namespace sumscope::client

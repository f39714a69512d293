#include "server/auth/login_throttle.h"

#include <thread>

#include "absl/strings/str_cat.h"
#include "proto/contract/limits.h"
#include "tests/server/auth/auth_fixture.h"

namespace sumscope::auth {
namespace {

class LoginThrottle_Test : public testing::Test {
 protected:
  const absl::Status refusal_ = absl::UnauthenticatedError("who are you");
  StillClock clock_;
  std::vector<absl::Duration> waits_;
  LoginThrottle throttle_{&clock_, [this](absl::Duration delay) { waits_.push_back(delay); }};
};

TEST_F(LoginThrottle_Test, ManyFailThenAnswersWaitLongerUpToAMaximum) {
  for (int i = 0; i < limits::kFreeLogins; ++i) EXPECT_EQ(throttle_.Refuse("a", refusal_), refusal_);
  EXPECT_TRUE(waits_.empty());
  for (int i = 0; i < 20; ++i) EXPECT_EQ(throttle_.Refuse("a", refusal_), refusal_);
  ASSERT_EQ(waits_.size(), 20u);
  EXPECT_EQ(waits_[0], limits::kLoginDelayFirst);
  EXPECT_EQ(waits_[1], 2 * limits::kLoginDelayFirst);
  EXPECT_EQ(waits_.back(), limits::kLoginDelayMax);
  EXPECT_EQ(throttle_.Failures("a"), limits::kFreeLogins + 20);
  EXPECT_EQ(throttle_.Refuse("b", refusal_), refusal_);  // is counted apart
  EXPECT_EQ(waits_.size(), 20u);
}

TEST_F(LoginThrottle_Test, NoFailureForLongThenForgotten) {
  for (int i = 0; i < 2 * limits::kFreeLogins; ++i) throttle_.Refuse("a", refusal_).IgnoreError();
  clock_.Set(-absl::Hours(1000));  // a wall clock that is set changes nothing
  EXPECT_EQ(throttle_.Failures("a"), 2 * limits::kFreeLogins);
  clock_.Pass(limits::kLoginMemory);
  EXPECT_EQ(throttle_.Failures("a"), 0);
}

TEST_F(LoginThrottle_Test, FailuresFromEverywhereThenTheOldestAreForgotten) {
  for (size_t i = 0; i <= limits::kMaxLoginAddresses; ++i) {
    throttle_.Refuse(absl::StrCat("origin ", i), refusal_).IgnoreError();
    if (i == 1000) throttle_.Refuse("origin 0", refusal_).IgnoreError();
  }
  EXPECT_EQ(throttle_.Failures("origin 0"), 2);
  EXPECT_EQ(throttle_.Failures("origin 1"), 0);
  EXPECT_EQ(throttle_.Failures("origin 2"), 1);
}

// What waits, waits in a thread of the server.
TEST(WaitingLogins_Test, AsManyWaitAsMayThenOthersAreAnsweredAtOnce) {
  StillClock clock;
  Mutex mutex;
  CondVar changed;
  int waiting = 0;
  bool open = false;
  LoginThrottle throttle(&clock, [&](absl::Duration) {
    MutexLock lock(&mutex);
    ++waiting;
    changed.NotifyAll();
    while (!open) changed.Wait(&mutex);
  });
  const absl::Status refusal = absl::UnauthenticatedError("who are you");
  for (int i = 0; i < limits::kFreeLogins; ++i) EXPECT_EQ(throttle.Refuse("a", refusal), refusal);
  std::vector<std::thread> calls;
  for (int i = 0; i < limits::kMaxWaitingLoginsOfAddress; ++i) {
    calls.emplace_back([&] { EXPECT_EQ(throttle.Refuse("a", refusal), refusal); });
  }
  {
    MutexLock lock(&mutex);
    while (waiting < limits::kMaxWaitingLoginsOfAddress) changed.Wait(&mutex);
  }
  for (int i = 0; i < 1000; ++i) {
    const absl::Status status = throttle.Refuse("a", refusal);
    EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
    EXPECT_EQ(ReasonOf(status), "TOO_MANY_LOGINS");
  }
  EXPECT_EQ(throttle.Refuse("b", refusal), refusal);
  {
    MutexLock lock(&mutex);
    open = true;
    changed.NotifyAll();
  }
  for (std::thread& call : calls) call.join();
  EXPECT_EQ(throttle.Refuse("a", refusal), refusal);
  EXPECT_EQ(throttle.DebugString(),
            absl::StrCat("logins: 2 origins failed, 0 wait, most often a (",
                         limits::kFreeLogins + limits::kMaxWaitingLoginsOfAddress + 1001, " times)"));
}

TEST(LoginOrigin_Test, SocketOrAddressThenWhatOneMachineCannotChoose) {
  Peer peer;
  EXPECT_EQ(LoginOrigin(peer), "socket");
  peer.uid = 1000;
  EXPECT_EQ(LoginOrigin(peer), "uid 1000");
  peer.way = Way::kTls;
  for (const auto& [address, origin] :
       {std::pair("192.0.2.7", "192.0.2.7"), std::pair("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        std::pair("2001:db8:1:2::9", "2001:db8:1:2::/64"), std::pair("::ffff:192.0.2.7", "::ffff:192.0.2.7"),
        std::pair("", "")}) {
    peer.address = address;
    EXPECT_EQ(LoginOrigin(peer), origin);
  }
}

// Who shows a good credential does not wait for those who fail beside them.
using FailingLogins_Test = AuthFixture;
TEST_F(FailingLogins_Test, ManyFailFromAnAddressThenGoodOnesFromThereDoNotWait) {
  Add(User("ada", v1::MEMBER));
  const std::string text = AddToken("ada");
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(ReasonOf(Ask(OverTls({}, MakeToken(IdSource::Real()).text))), "TOKEN_UNKNOWN");
  }
  const size_t waits = waits_.size();
  EXPECT_EQ(waits, 50u - limits::kFreeLogins);
  EXPECT_TRUE(Ask(OverTls({}, text)).ok());
  EXPECT_EQ(waits_.size(), waits);
}

}  // namespace
}  // namespace sumscope::auth

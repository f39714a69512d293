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
class WaitingLogins_Test : public testing::Test {
 protected:
  ~WaitingLogins_Test() override { Open(); }

  // Lets `count` logins fail from there, whose answers then wait.
  void Wait(const std::string& origin, int count) {
    for (int i = 0; i < limits::kFreeLogins; ++i) EXPECT_EQ(throttle_.Refuse(origin, refusal_), refusal_);
    for (int i = 0; i < count; ++i) {
      calls_.emplace_back([this, origin] { EXPECT_EQ(throttle_.Refuse(origin, refusal_), refusal_); });
    }
    expected_ += count;
    MutexLock lock(&mutex_);
    while (waiting_ < expected_) changed_.Wait(&mutex_);
  }
  void ExpectAnsweredAtOnce(const std::string& origin) {
    const absl::Status status = throttle_.Refuse(origin, refusal_);
    EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
    EXPECT_EQ(ReasonOf(status), "TOO_MANY_LOGINS");
  }
  // Ends all waits.
  void Open() {
    {
      MutexLock lock(&mutex_);
      open_ = true;
      changed_.NotifyAll();
    }
    for (std::thread& call : calls_) call.join();
    calls_.clear();
  }

  const absl::Status refusal_ = absl::UnauthenticatedError("who are you");
  StillClock clock_;
  Mutex mutex_;
  CondVar changed_;
  int waiting_ ABSL_GUARDED_BY(mutex_) = 0;
  bool open_ ABSL_GUARDED_BY(mutex_) = false;
  int expected_ = 0;
  LoginThrottle throttle_{&clock_, [this](absl::Duration) {
                            MutexLock lock(&mutex_);
                            ++waiting_;
                            changed_.NotifyAll();
                            while (!open_) changed_.Wait(&mutex_);
                          }};
  std::vector<std::thread> calls_;
};

TEST_F(WaitingLogins_Test, AsManyWaitOfAnAddressAsMayThenItsOthersAreAnsweredAtOnce) {
  Wait("a", limits::kMaxWaitingLoginsOfAddress);
  for (int i = 0; i < 1000; ++i) ExpectAnsweredAtOnce("a");
  EXPECT_EQ(throttle_.Refuse("b", refusal_), refusal_);
  Wait("c", 1);
  Open();
  EXPECT_EQ(throttle_.Refuse("a", refusal_), refusal_);
  EXPECT_EQ(throttle_.DebugString(),
            absl::StrCat("logins: 3 origins failed, 0 wait, most often a (",
                         limits::kFreeLogins + limits::kMaxWaitingLoginsOfAddress + 1001, " times)"));
}

TEST_F(WaitingLogins_Test, AsManyWaitAltogetherAsMayThenOthersAreAnsweredAtOnce) {
  for (int i = 0; i < limits::kMaxWaitingLogins; ++i) Wait(absl::StrCat("origin ", i), 1);
  ExpectAnsweredAtOnce("origin 0");
  for (int i = 0; i < limits::kFreeLogins; ++i) EXPECT_EQ(throttle_.Refuse("new", refusal_), refusal_);
  ExpectAnsweredAtOnce("new");
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

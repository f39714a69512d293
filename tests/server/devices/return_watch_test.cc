#include "server/devices/return_watch.h"

#include <gtest/gtest.h>

#include <map>

namespace sumscope::devices {
namespace {

constexpr uint64_t kMebi = 1 << 20;

class ReturnWatch_Test : public ::testing::Test {
 protected:
  std::vector<ReturnWatch::Outcome> StepAt(int seconds) {
    return watch_.Step(absl::Seconds(seconds), [this](const std::string&, int64_t pid) { return held_[pid]; });
  }
  std::map<int64_t, uint64_t> held_;
  ReturnWatch watch_;
};

TEST_F(ReturnWatch_Test, GivenMemoryBackWithinTimeThenReturnedOnce) {
  held_[7] = 5000 * kMebi;
  watch_.Add("cuda:0", 7, 500 * kMebi, absl::ZeroDuration());
  EXPECT_TRUE(StepAt(0).empty());
  EXPECT_TRUE(StepAt(9).empty());
  held_[7] = 500 * kMebi + kReturnTolerance;
  const auto outcomes = StepAt(9);
  ASSERT_EQ(outcomes.size(), 1u);
  EXPECT_TRUE(outcomes[0].returned);
  EXPECT_EQ(outcomes[0].pid, 7);
  EXPECT_TRUE(watch_.empty());
  EXPECT_TRUE(StepAt(20).empty());
}

TEST_F(ReturnWatch_Test, GivenMemoryKeptForTheWholeTimeThenKeptOnce) {
  held_[7] = 757 * kMebi;
  watch_.Add("cuda:0", 7, 500 * kMebi, absl::ZeroDuration());
  EXPECT_TRUE(StepAt(9).empty());
  const auto outcomes = StepAt(10);
  ASSERT_EQ(outcomes.size(), 1u);
  EXPECT_FALSE(outcomes[0].returned);
  EXPECT_EQ(outcomes[0].held, 757 * kMebi);
  EXPECT_TRUE(watch_.empty());
}

TEST_F(ReturnWatch_Test, GivenTwoWatchesOfAWorkerThenTheSecondCounts) {
  held_[7] = held_[8] = 5000 * kMebi;
  watch_.Add("cuda:0", 7, 0, absl::ZeroDuration());
  watch_.Add("cuda:0", 8, 0, absl::ZeroDuration());
  watch_.Add("cuda:0", 7, 0, absl::Seconds(5));
  const auto first = StepAt(10);
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(first[0].pid, 8);
  EXPECT_EQ(StepAt(15).size(), 1u);
}

TEST_F(ReturnWatch_Test, GivenAWorkerThatHasEndedThenReturned) {
  watch_.Add("cuda:0", 7, 0, absl::ZeroDuration());
  ASSERT_EQ(StepAt(0).size(), 1u);
}

}  // namespace
}  // namespace sumscope::devices

#include "server/rpc/queue/estimates.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "proto/contract/base/timestamp.h"

namespace sumscope::rpc {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'900'000'000);

double SecondsTo(const google::protobuf::Timestamp& time) { return absl::ToDoubleSeconds(ToTime(time) - kNow); }

TEST(EstimateRecord_Test, NoRatioThenNothingWasCheckedAndTheRangeIsAssumed) {
  const EstimateRecord record = RecordOf({});
  EXPECT_EQ(record.count, 0u);
  EXPECT_EQ(record.median, 0);
  EXPECT_EQ(record.low, 0.5);
  EXPECT_EQ(record.high, 2);
}

TEST(EstimateRecord_Test, FewRatiosThenTheyHaveAMedianAndNoQuantiles) {
  const EstimateRecord record = RecordOf({3, 1, 2, 4});
  EXPECT_EQ(record.count, 4u);
  EXPECT_DOUBLE_EQ(record.median, 2.5);
  EXPECT_EQ(record.low, 0.5);
  EXPECT_EQ(record.high, 2);
}

TEST(EstimateRecord_Test, ManyRatiosThenEightOfTenLieBetween) {
  std::vector<double> ratios;
  for (int i = 0; i <= 100; ++i) ratios.push_back(1 + i / 100.0);
  const EstimateRecord record = RecordOf(ratios);
  EXPECT_NEAR(record.median, 1.5, 1e-12);
  EXPECT_NEAR(record.low, 1.1, 1e-12);
  EXPECT_NEAR(record.high, 1.9, 1e-12);
}

TEST(EstimateRecord_Test, RatiosAreNoNumbersThenTheyDoNotCount) {
  const double inf = std::numeric_limits<double>::infinity();
  EXPECT_EQ(RecordOf({0, -1, inf, std::nan(""), 2}).count, 1u);
  EXPECT_EQ(RecordOf({0, -1, inf, std::nan(""), 2}).median, 2);
}

TEST(EstimateAt_Test, RangeIsThatOfTheRecordAndHoldsTheTime) {
  EstimateRecord record;
  record.low = 0.8;
  record.high = 1.5;
  const auto estimate = EstimateAt(kNow, 100, record);
  ASSERT_TRUE(estimate.has_value());
  EXPECT_DOUBLE_EQ(SecondsTo(estimate->earliest()), 80);
  EXPECT_DOUBLE_EQ(SecondsTo(estimate->time()), 100);
  EXPECT_DOUBLE_EQ(SecondsTo(estimate->latest()), 150);
  record.low = 1.2;  // everything took longer here
  EXPECT_DOUBLE_EQ(SecondsTo(EstimateAt(kNow, 100, record)->earliest()), 100);
}

TEST(EstimateAt_Test, SecondsAreNoTimeThenThereIsNoneOrOneInRange) {
  EXPECT_FALSE(EstimateAt(kNow, std::numeric_limits<double>::infinity(), {}).has_value());
  EXPECT_FALSE(EstimateAt(kNow, std::nan(""), {}).has_value());
  EXPECT_DOUBLE_EQ(SecondsTo(EstimateAt(kNow, -5, {})->time()), 0);
  EXPECT_LT(SecondsTo(EstimateAt(kNow, 1e300, {})->latest()), 1e9);
}

TEST(AboutDuration_Test, LongerIsTheCoarser) {
  EXPECT_EQ(AboutDuration(absl::Seconds(-3)), "0 s");
  EXPECT_EQ(AboutDuration(absl::Seconds(0.2)), "1 s");
  EXPECT_EQ(AboutDuration(absl::Seconds(89)), "89 s");
  EXPECT_EQ(AboutDuration(absl::Minutes(12)), "12 min");
  EXPECT_EQ(AboutDuration(absl::Minutes(204)), "3.4 h");
  EXPECT_EQ(AboutDuration(absl::Hours(26)), "26 h");
  EXPECT_EQ(AboutDuration(absl::Hours(120)), "5 days");
}

}  // namespace
}  // namespace sumscope::rpc

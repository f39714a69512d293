#include "client/cli/output/numbers.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

namespace sumscope::client {
namespace {

TEST(Numbers_Test, GivenADoubleThenTheShortestTextReadsBackTheSame) {
  for (const double value : {0.1, 1.0 / 3, 1e-300, 5e-324, 123456789.125, -0.0, 1e22}) {
    EXPECT_EQ(std::strtod(ShortestDouble(value).c_str(), nullptr), value);
  }
  EXPECT_EQ(ShortestDouble(0.1), "0.1");
  EXPECT_EQ(ShortestDouble(std::nan("")), "");
}

TEST(BasisOfTime_Test, GivenWhatTheServerSaysThenItStandsInBrackets) {
  EXPECT_EQ(BasisOfTime(true, "measured on 2 near shapes"), " (measured on 2 near shapes)");
  EXPECT_EQ(BasisOfTime(true, ""), "");
  EXPECT_EQ(BasisOfTime(false, "assumed"), " (at an assumed speed: no worker has measured its own yet)");
}

TEST(Numbers_Test, GivenARoughPredictionThenItIsRounded) {
  EXPECT_EQ(AboutSpan(absl::Milliseconds(20)), "about 1 s");
  EXPECT_EQ(AboutSpan(absl::Seconds(8.4)), "about 8 s");
  EXPECT_EQ(AboutSpan(absl::Seconds(871)), "about 15 min");
  EXPECT_EQ(AboutSpan(absl::Seconds(1802)), "about 30 min");
  EXPECT_EQ(AboutSpan(absl::Hours(3)), "about 3 h");
  EXPECT_EQ(AboutSpan(absl::Hours(100)), "about 4 d");
}

TEST(Numbers_Test, GivenACountThenItsNounAgrees) {
  EXPECT_EQ(Counted(1, "question"), "1 question");
  EXPECT_EQ(Counted(10000, "pair"), "10,000 pairs");
  EXPECT_EQ(Counted(0, "tag"), "0 tags");
}

TEST(Numbers_Test, GivenARateThenPercentIsAsExactAsFailuresAreRare) {
  EXPECT_EQ(FormatPercent(0.9571), "95.71 %");
  EXPECT_EQ(FormatPercent(1), "100.00 %");
  EXPECT_EQ(FormatPercent(0), "0.00 %");
  EXPECT_EQ(FormatPercent(0.999998), "99.9998 %");
  EXPECT_EQ(FormatPercent(0.00004), "0.004 %");
}

TEST(Numbers_Test, GivenAPercentageThenNeverNothingForALittleNorAllForAlmostAll) {
  EXPECT_EQ(RoundPercent(0), "0");
  EXPECT_EQ(RoundPercent(1e-9), "<1");
  EXPECT_EQ(RoundPercent(0.9), "<1");
  EXPECT_EQ(RoundPercent(1), "1");
  EXPECT_EQ(RoundPercent(96.4), "96");
  EXPECT_EQ(RoundPercent(99.4), "99");
  EXPECT_EQ(RoundPercent(99.5), ">99");
  EXPECT_EQ(RoundPercent(99.999999), ">99");
  EXPECT_EQ(RoundPercent(100), "100");
  EXPECT_EQ(RoundPercent(0, 2), "0.00");
  EXPECT_EQ(RoundPercent(0.004, 2), "<0.01");
  EXPECT_EQ(RoundPercent(90.25, 2), "90.25");
  EXPECT_EQ(RoundPercent(99.9999, 2), ">99.99");
  EXPECT_EQ(RoundPercent(100, 2), "100.00");
  EXPECT_EQ(RoundPercent(std::nan("")), "-");
}

TEST(Numbers_Test, GivenAmountsThenPeopleCanReadThem) {
  EXPECT_EQ(FormatCount(0), "0");
  EXPECT_EQ(FormatCount(999), "999");
  EXPECT_EQ(FormatCount(1234567), "1,234,567");
  EXPECT_EQ(FormatBytes(512), "512 B");
  EXPECT_EQ(FormatBytes(1536), "1.5 KiB");
  EXPECT_EQ(FormatBytes(uint64_t{20} << 30), "20 GiB");
  EXPECT_EQ(FormatLoss(0.016723), "0.01672");
  EXPECT_EQ(FormatLoss(2.8), "2.800");
  EXPECT_EQ(FormatLoss(1234.4), "1234");
  EXPECT_EQ(FormatLoss(std::nan("")), "-");
  EXPECT_EQ(FormatSpan(absl::Milliseconds(250)), "0.2 s");
  EXPECT_EQ(FormatSpan(absl::Seconds(54)), "54 s");
  EXPECT_EQ(FormatSpan(absl::Seconds(200)), "3 min 20 s");
  EXPECT_EQ(FormatSpan(absl::Minutes(125)), "2 h 05 min");
  EXPECT_EQ(FormatSpan(absl::Hours(76)), "3 d 4 h");
  EXPECT_EQ(FormatSpan(absl::InfiniteDuration()), "-");
  EXPECT_EQ(FormatAge(absl::Seconds(-5)), "0s");
  EXPECT_EQ(FormatAge(absl::Seconds(119)), "119s");
  EXPECT_EQ(FormatAge(absl::Hours(49)), "2d");
}

// 1.23e+03 in a column of plain numbers, and -0.00.
TEST(Numbers_Test, GivenALargeOrALittleNumberThenItIsWrittenPlainly) {
  EXPECT_EQ(FormatDigits(1234, 3), "1230");
  EXPECT_EQ(FormatDigits(999.7, 3), "1000");
  EXPECT_EQ(FormatDigits(-123456, 2), "-120000");
  EXPECT_EQ(FormatDigits(1.234e9, 3), "1.23e+09");
  EXPECT_EQ(FormatDigits(1.3e-7, 4), "1.300e-07");
  EXPECT_EQ(FormatDigits(-0.0, 3), "0.00");
  EXPECT_EQ(FormatDecimals(-0.001, 2), "0.00");
  EXPECT_EQ(FormatDecimals(-0.0, 2), "0.00");
  EXPECT_EQ(FormatDecimals(-0.006, 2), "-0.01");
  EXPECT_EQ(FormatDecimals(12.345, 1), "12.3");
  EXPECT_EQ(FormatDecimals(std::nan(""), 2), "-");
}

TEST(Numbers_Test, GivenATimestampThenRfc3339) {
  google::protobuf::Timestamp stamp;
  stamp.set_seconds(1'700'000'000);
  EXPECT_EQ(FormatTime(stamp), "2023-11-14T22:13:20Z");
}

}  // namespace
}  // namespace sumscope::client

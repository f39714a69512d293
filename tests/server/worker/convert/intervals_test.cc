#include "server/worker/convert/intervals.h"

#include <gtest/gtest.h>

#include <cmath>

namespace sumscope::worker {
namespace {

// P(X <= x), X ~ Binomial(n, p), summed term by term: the definition, without any beta function.
double BinomialCdf(int x, int n, double p) {
  double sum = 0;
  for (int i = 0; i <= x; ++i) {
    sum += std::exp(std::lgamma(n + 1) - std::lgamma(i + 1) - std::lgamma(n - i + 1) + i * std::log(p) +
                    (n - i) * std::log1p(-p));
  }
  return sum;
}

TEST(ClopperPearson_Test, GivenPublishedExamplesThenTheBoundsAgree) {
  // Newcombe 1998 (Statistics in Medicine 17:857), table I, method 5.
  const Interval a = ClopperPearson(81, 263);
  EXPECT_NEAR(a.lower, 0.2527, 5e-5);
  EXPECT_NEAR(a.upper, 0.3676, 5e-5);
  const Interval b = ClopperPearson(15, 148);
  EXPECT_NEAR(b.lower, 0.0578, 5e-5);
  EXPECT_NEAR(b.upper, 0.1617, 5e-5);
  const Interval c = ClopperPearson(1, 29);
  EXPECT_NEAR(c.lower, 0.0009, 5e-5);
  EXPECT_NEAR(c.upper, 0.1776, 5e-5);
  const Interval d = ClopperPearson(0, 20);
  EXPECT_EQ(d.lower, 0);
  EXPECT_NEAR(d.upper, 0.1684, 5e-5);
}

TEST(ClopperPearson_Test, GivenNoneOrAllRightThenTheClosedFormHolds) {
  for (const uint64_t n : {1u, 2u, 10u, 1000u, 1000000000u}) {
    const double bound = std::pow(0.025, 1.0 / static_cast<double>(n));
    EXPECT_EQ(ClopperPearson(0, n).lower, 0);
    EXPECT_NEAR(ClopperPearson(0, n).upper, 1 - bound, 1e-15);
    EXPECT_NEAR(ClopperPearson(n, n).lower, bound, 1e-15);
    EXPECT_EQ(ClopperPearson(n, n).upper, 1);
  }
  // 3.689 / n: the small upper bound keeps its digits where 1 - bound would lose them.
  EXPECT_NEAR(ClopperPearson(0, 1000000000).upper / (-std::log(0.025) / 1e9), 1, 1e-8);
}

TEST(ClopperPearson_Test, GivenABoundThenTheTailBeyondItIsTwoAndAHalfPercent) {
  for (const int n : {2, 5, 40, 300}) {
    for (const int x : {1, n / 2, n - 1}) {
      const Interval interval = ClopperPearson(static_cast<uint64_t>(x), static_cast<uint64_t>(n));
      EXPECT_NEAR(1 - BinomialCdf(x - 1, n, interval.lower), 0.025, 1e-10) << x << " of " << n;
      EXPECT_NEAR(BinomialCdf(x, n, interval.upper), 0.025, 1e-10) << x << " of " << n;
    }
  }
}

TEST(ClopperPearson_Test, GivenABillionQuestionsThenTheBoundsAreNearTheNormalOnes) {
  const Interval interval = ClopperPearson(900000000, 1000000000);
  const double sigma = std::sqrt(0.9 * 0.1 / 1e9);
  EXPECT_NEAR(interval.lower, 0.9 - 1.959964 * sigma, 1e-8);
  EXPECT_NEAR(interval.upper, 0.9 + 1.959964 * sigma, 1e-8);
}

TEST(ClopperPearson_Test, GivenNothingThenNothingIsKnown) {
  EXPECT_EQ(ClopperPearson(0, 0).lower, 0);
  EXPECT_EQ(ClopperPearson(0, 0).upper, 1);
}

TEST(RateOf_Test, GivenMoreThan32BitsThenCountsSaturateAndTheRateIsRight) {
  const sumscope::v1::Rate rate = RateOf(5000000000, 20000000000);
  EXPECT_EQ(rate.count(), 4294967295u);
  EXPECT_DOUBLE_EQ(rate.rate(), 0.25);
  EXPECT_LT(rate.upper() - rate.lower(), 1e-4);
}

TEST(Nines_Test, GivenFailuresThenItIsTheFloorOfMinusLog10) {
  EXPECT_EQ(Nines(0, 10), 0u);
  EXPECT_EQ(Nines(90, 100), 1u);
  EXPECT_EQ(Nines(91, 100), 1u);
  EXPECT_EQ(Nines(89, 100), 0u);
  EXPECT_EQ(Nines(999, 1000), 3u);
  EXPECT_EQ(Nines(998, 999), 2u);
  EXPECT_EQ(Nines(999999999, 1000000000), 9u);
}

TEST(Nines_Test, GivenNoFailureThenThereIsNone) {
  EXPECT_EQ(Nines(10, 10), std::nullopt);
  EXPECT_EQ(Nines(0, 0), std::nullopt);
}

}  // namespace
}  // namespace sumscope::worker

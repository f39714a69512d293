#include "server/jobs/scheduling/policy/usage_ledger.h"

#include <cmath>

#include "gtest/gtest.h"

namespace sumscope::jobs {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1'000'000);

TEST(UsageLedger_Test, NothingWasChargedThenNobodyHadAny) {
  const UsageLedger ledger(absl::Hours(24));
  EXPECT_EQ(ledger.Of("ada", kStart), 0);
  EXPECT_TRUE(ledger.All(kStart).empty());
}

TEST(UsageLedger_Test, HalfLifePassesThenHalfIsLeft) {
  UsageLedger ledger(absl::Hours(24));
  ledger.Charge("ada", 800, kStart);
  EXPECT_DOUBLE_EQ(ledger.Of("ada", kStart), 800);
  EXPECT_DOUBLE_EQ(ledger.Of("ada", kStart + absl::Hours(24)), 400);
  EXPECT_DOUBLE_EQ(ledger.Of("ada", kStart + absl::Hours(72)), 100);
}

// A user who has one device all the time comes to the integral of 2^(-t/h), h / ln 2.
TEST(UsageLedger_Test, SteadyUseIsChargedThenItComesToTheClosedForm) {
  UsageLedger ledger(absl::Hours(1));
  absl::Time now = kStart;
  for (int i = 0; i < 20'000; ++i) {
    now += absl::Seconds(5);
    ledger.Charge("ada", 5, now);
  }
  EXPECT_NEAR(ledger.Of("ada", now), 3600 / std::log(2.0), 5);
}

TEST(UsageLedger_Test, ChargesAreSplitThenTheSumIsTheSame) {
  UsageLedger once(absl::Hours(2)), often(absl::Hours(2));
  once.Charge("ada", 100, kStart);
  once.Charge("ada", 100, kStart + absl::Hours(3));
  for (int i = 0; i < 100; ++i) often.Charge("ada", 1, kStart);
  for (int i = 0; i < 30; ++i) often.Charge("ada", 0, kStart + absl::Minutes(6 * i));
  often.Charge("ada", 100, kStart + absl::Hours(3));
  const absl::Time later = kStart + absl::Hours(5);
  EXPECT_NEAR(often.Of("ada", later), once.Of("ada", later), 1e-9);
}

TEST(UsageLedger_Test, ClockStepsBackThenNothingDecays) {
  UsageLedger ledger(absl::Hours(1));
  ledger.Charge("ada", 100, kStart);
  EXPECT_EQ(ledger.Of("ada", kStart - absl::Hours(5)), 100);
  EXPECT_EQ(ledger.Charge("ada", 1, kStart - absl::Hours(5)).device_seconds, 101);
  EXPECT_DOUBLE_EQ(ledger.Of("ada", kStart - absl::Hours(4)), 50.5) << "and then it goes by the clock that is";
}

TEST(UsageLedger_Test, RowsAreLoadedThenTheyGoOn) {
  UsageLedger before(absl::Hours(1)), after(absl::Hours(1));
  before.Charge("ada", 100, kStart);
  after.Load({before.Charge("ada", 7, kStart + absl::Minutes(30)), {"ben", 1e-6, kStart}});
  const absl::Time now = kStart + absl::Hours(2);
  EXPECT_DOUBLE_EQ(after.Of("ada", now), before.Of("ada", now));
  EXPECT_EQ(after.All(now).size(), 1u) << "ben's is next to nothing";
}

TEST(UsageLedger_Test, NegativeTimeIsChargedThenItIsNothing) {
  UsageLedger ledger(absl::Hours(1));
  EXPECT_EQ(ledger.Charge("ada", -5, kStart).device_seconds, 0);
}

}  // namespace
}  // namespace sumscope::jobs

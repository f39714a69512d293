// What users have had of the devices, and how long work took there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "proto/contract/limits.h"
#include "tests/storage/storage_backends.h"

namespace sumscope::storage {
namespace {

using testing::ElementsAre;

class Shares_Test : public BackendTest {
 protected:
  std::vector<std::string> Usages() {
    std::vector<std::string> lines;
    const absl::Status status = catalog().Read([&](CatalogReader& reader) {
      for (const UserUsage& usage : ValueOf(reader.usage().List())) {
        lines.push_back(absl::StrCat(usage.user, " ", usage.device_seconds, " ", absl::ToUnixSeconds(usage.time)));
      }
      return absl::OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status;
    return lines;
  }
  std::vector<Rate> AllRates() {
    std::vector<Rate> rates;
    const absl::Status status = catalog().Read([&](CatalogReader& reader) {
      rates = ValueOf(reader.rates().List());
      return absl::OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status;
    return rates;
  }
  void Put(const std::vector<Rate>& rates) {
    Write([&](CatalogTransaction& transaction) -> absl::Status {
      for (const Rate& rate : rates) EXPECT_TRUE(transaction.rates().Put(rate).ok());
      return absl::OkStatus();
    });
  }
};
SUMSCOPE_ON_EVERY_BACKEND(Shares_Test);

Rate MakeRate(const std::string& shape, double seconds, int time) {
  Rate rate;
  rate.device = "cpu";
  rate.threads = 4;
  rate.kind = "train";
  rate.shape = shape;
  rate.seconds_per_unit = seconds;
  rate.model_seconds_per_unit = 2 * seconds;
  rate.samples = 7;
  rate.update_time = absl::FromUnixSeconds(time);
  return rate;
}

TEST_P(Shares_Test, UsagePutAgainThenItIsReplaced) {
  Write([](CatalogTransaction& transaction) -> absl::Status {
    for (const UserUsage& usage :
         {UserUsage{"bob", 1.5, absl::FromUnixSeconds(10)}, UserUsage{"ada", 2, absl::FromUnixSeconds(10)},
          UserUsage{"", 3, absl::FromUnixSeconds(11)}, UserUsage{"bob", 0.5, absl::FromUnixSeconds(20)}}) {
      EXPECT_TRUE(transaction.usage().Put(usage).ok());
    }
    return absl::OkStatus();
  });
  Reopen();
  EXPECT_THAT(Usages(), ElementsAre(" 3 11", "ada 2 10", "bob 0.5 20"));
}

TEST_P(Shares_Test, RatePutAgainThenItIsReplaced) {
  Rate other = MakeRate("small", 9, 3);
  other.device = "cuda:0";
  Put({MakeRate("small", 1, 1), other, MakeRate("small", 2, 2)});
  Reopen();
  const std::vector<Rate> rates = AllRates();
  ASSERT_EQ(rates.size(), 2u);
  EXPECT_EQ(rates[0].device, "cuda:0") << "the latest update first";
  const Rate& rate = rates[1];
  EXPECT_EQ(absl::StrCat(rate.device, " ", rate.threads, " ", rate.kind, " ", rate.shape, " ", rate.seconds_per_unit,
                         " ", rate.model_seconds_per_unit, " ", rate.samples),
            "cpu 4 train small 2 4 7");
  EXPECT_EQ(rate.update_time, absl::FromUnixSeconds(2));
}

TEST_P(Shares_Test, MoreRatesThanAreKeptThenTheOldestGo) {
  std::vector<Rate> rates;
  for (size_t i = 0; i < limits::kMaxRates; ++i) {
    rates.push_back(MakeRate(absl::StrCat("shape ", i), 1, 1000 + static_cast<int>(i)));
  }
  Put(rates);
  Put({MakeRate("newest", 1, 100'000), MakeRate("shape 1", 1, 100'001)});
  const std::vector<Rate> kept = AllRates();
  ASSERT_EQ(kept.size(), limits::kMaxRates);
  EXPECT_EQ(kept[0].shape, "shape 1");
  EXPECT_EQ(kept[1].shape, "newest");
  EXPECT_EQ(kept.back().shape, "shape 2") << "shape 0 was the oldest";
}

}  // namespace
}  // namespace sumscope::storage

// Weeks of a lab's work, planned in a second, against an oracle that keeps books of its own.
#include <algorithm>
#include <numeric>
#include <random>

#include "gtest/gtest.h"
#include "tests/server/jobs/scheduling/policy/simulation/box.h"

namespace sumscope::jobs {
namespace {

// Sanitizers make a plan ten times as long.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int kJobs = 1'500;
#else
constexpr int kJobs = 10'000;
#endif
constexpr int kUsers = 20;

Oracle::Rules RulesOf(int slots) {
  Oracle::Rules rules;
  rules.slice = 1800;
  rules.half_life = 24 * 3600;
  rules.change = 2;
  rules.slots = slots;
  return rules;
}

void ExpectNoComplaint(const Box& box) {
  for (const std::string& complaint : box.oracle().complaints()) ADD_FAILURE() << complaint;
}

// How far the first from the last of what users had over their weight, as a part of the mean.
double Spread(const std::vector<double>& shares) {
  const auto [least, most] = std::minmax_element(shares.begin(), shares.end());
  return (*most - *least) / (std::accumulate(shares.begin(), shares.end(), 0.0) / static_cast<double>(shares.size()));
}

class Simulation_Test : public testing::Test {
 protected:
  double Between(double least, double most) { return std::uniform_real_distribution<double>(least, most)(random_); }
  bool OneIn(int count) { return std::uniform_int_distribution<int>(1, count)(random_) == 1; }

  // So much work of each user as their weight says: two thirds are there at the beginning, the rest comes over the time
  // that all takes.
  std::vector<Box::Work> WorkOf(const std::vector<Oracle::User>& users, int jobs, int slots) {
    std::vector<double> weights;
    for (const Oracle::User& user : users) weights.push_back(user.weight);
    std::discrete_distribution<int> owners(weights.begin(), weights.end());
    std::vector<Box::Work> work;
    double seconds = 0;
    for (int i = 0; i < jobs; ++i) {
      Box::Work one;
      one.job.user = owners(random_);
      one.job.rank = OneIn(12) ? 0 : 1;
      one.seconds = OneIn(3) ? Between(3600, 4 * 3600) : Between(60, 3600);
      seconds += one.seconds;
      work.push_back(one);
    }
    for (Box::Work& one : work) {
      if (OneIn(3)) one.arrives = Between(0, seconds / slots);
      if (OneIn(25)) {
        one.job.rank = 2;
        one.arrives = Between(0, seconds / slots);
        one.seconds = Between(60, 3600);
      }
    }
    std::stable_sort(work.begin(), work.end(), [](const auto& a, const auto& b) { return a.arrives < b.arrives; });
    return work;
  }

  std::mt19937_64 random_{12};
};

TEST_F(Simulation_Test, UsersHaveWorkThenTheyHaveTheirShares) {
  std::vector<Oracle::User> users(kUsers);
  for (int i = 0; i < kUsers; ++i) {
    const double weights[] = {0.5, 1, 1, 2, 4};
    users[i].weight = weights[i % 5];
    users[i].limit = i % 3 == 0 ? 6 : 0;
  }
  Box box(RulesOf(/*slots=*/8), users, WorkOf(users, kJobs, 8));
  box.Run(1e9);
  ExpectNoComplaint(box);
  EXPECT_EQ(box.oracle().ended(), kJobs);
  EXPECT_GT(box.oracle().seconds_while_all_had_work(), 5 * 24 * 3600);
  EXPECT_LT(Spread(box.oracle().SharesWhileAllHadWork()), 0.05);
  EXPECT_GT(box.stops(), kJobs / 10) << "else nobody gave way";
  RecordProperty("plans", box.plans());
  std::cout << box.plans() << " plans " << box.stops() << " stops spread "
            << Spread(box.oracle().SharesWhileAllHadWork()) << " wait " << box.oracle().longest_wait() << " all "
            << box.oracle().seconds_while_all_had_work() / 86400 << "\n";
}

}  // namespace
}  // namespace sumscope::jobs

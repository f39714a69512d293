// Weeks of a lab's work, planned in a second, against an oracle that keeps books of its own.
#include <algorithm>
#include <numeric>
#include <random>

#include "gtest/gtest.h"
#include "tests/server/jobs/scheduling/policy/simulation/box.h"

namespace sumscope::jobs {
namespace {

constexpr int kJobs = 10'000, kUsers = 20;
constexpr double kDay = 24 * 3600, kForever = 1e9;

Oracle::Rules RulesOf(int slots) {
  Oracle::Rules rules;
  rules.slice = 1800;
  rules.half_life = kDay;
  rules.change = 2;
  rules.slots = slots;
  return rules;
}

void ExpectNoComplaint(const Box& box) {
  for (const std::string& complaint : box.oracle().complaints()) ADD_FAILURE() << complaint;
}

// For who looks into it.
void Tell(const Box& box) {
  testing::Test::RecordProperty("plans", box.plans());
  testing::Test::RecordProperty("stops", box.stops());
  testing::Test::RecordProperty("turned_back", box.oracle().turned_back());
  testing::Test::RecordProperty("longest_wait_slices", std::to_string(box.oracle().longest_wait()));
}

// How far what a user had over their weight is from the mean of all, at most, as a part of it.
double Spread(const std::vector<double>& shares) {
  const double mean = std::accumulate(shares.begin(), shares.end(), 0.0) / static_cast<double>(shares.size());
  const auto [least, most] = std::minmax_element(shares.begin(), shares.end());
  return std::max(*most - mean, mean - *least) / mean;
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
  box.Run(kForever);
  ExpectNoComplaint(box);
  EXPECT_EQ(box.oracle().ended(), kJobs);
  EXPECT_GT(box.oracle().seconds_while_all_had_work(), kDay * kJobs / 2000);
  EXPECT_LT(Spread(box.oracle().SharesWhileAllHadWork()), 0.05);
  EXPECT_GT(box.stops(), kJobs / 10) << "else nobody gave way";
  EXPECT_LT(box.oracle().turned_back(), box.stops() / 50);
  Tell(box);
}

// Where slots are few, everybody sees everybody else's turn.
TEST_F(Simulation_Test, OneSlotIsSharedThenNobodyWaitsForMoreThanTheTurnsOfThoseAhead) {
  std::vector<Oracle::User> users(6);
  for (int i = 0; i < 6; ++i) users[i].weight = 1 << (i % 3);
  Box box(RulesOf(/*slots=*/1), users, WorkOf(users, kJobs / 10, 1));
  box.Run(kForever);
  ExpectNoComplaint(box);
  EXPECT_EQ(box.oracle().ended(), kJobs / 10);
  EXPECT_GT(box.oracle().longest_wait(), 0.9);
  Tell(box);
}

TEST_F(Simulation_Test, LimitsAndSweepsBindThenTheyAreKeptAndAllWorkEnds) {
  for (int round = 0; round < 4; ++round) {
    std::vector<Oracle::User> users(5);
    for (int i = 0; i < 5; ++i) users[i].limit = i;
    Oracle::Rules rules = RulesOf(/*slots=*/6);
    std::vector<Box::Work> work = WorkOf(users, kJobs / 20, 6);
    for (Box::Work& one : work) {
      // Of each user two sweeps, of one and of two trainings at once.
      if (OneIn(2)) one.job.sweep = 2 * one.job.user + static_cast<int>(OneIn(2));
    }
    for (int sweep = 0; sweep < 10; ++sweep) rules.sweep_limits[sweep] = 1 + sweep % 2;
    Box box(rules, users, std::move(work));
    box.Run(kForever);
    ExpectNoComplaint(box);
    EXPECT_EQ(box.oracle().ended(), kJobs / 20);
  }
}

// A long training whose owner has nothing else in the queue is no exception, and neither is one of priority HIGH.
TEST_F(Simulation_Test, LongTrainingsRunAloneOrHighThenTheyGiveWayToo) {
  for (const int rank : {1, 2}) {
    std::vector<Box::Work> work(31);
    work[0] = {{0, rank, -1}, 0, 40 * 3600};
    for (size_t i = 1; i < work.size(); ++i) work[i] = {{1, rank, -1}, 600, 3600};
    Box box(RulesOf(/*slots=*/1), std::vector<Oracle::User>(2), work);
    box.Run(50 * 3600);
    ExpectNoComplaint(box);
    EXPECT_NEAR(box.oracle().HadOf(0), box.oracle().HadOf(1), 2 * 1800);
    box.Run(kForever);
    EXPECT_EQ(box.oracle().ended(), 31);
  }
}

}  // namespace
}  // namespace sumscope::jobs

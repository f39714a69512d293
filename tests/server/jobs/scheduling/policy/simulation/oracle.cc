#include "tests/server/jobs/scheduling/policy/simulation/oracle.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"

namespace sumscope::jobs {
namespace {

constexpr size_t kMostComplaints = 20;
constexpr double kRounding = 1e-3;
// Of a slice: who has had no more than this above another has had the same.
constexpr double kTie = 0.01;

}  // namespace

Oracle::Oracle(Rules rules, std::vector<User> users)
    : rules_(std::move(rules)),
      users_(std::move(users)),
      books_(users_.size()),
      seats_(static_cast<size_t>(rules_.slots)),
      shares_(users_.size()) {}

void Oracle::Complain(double now, const std::string& what) {
  if (complaints_.size() < kMostComplaints) complaints_.push_back(absl::StrCat("at ", now, " s: ", what));
}

bool Oracle::SweepIsFull(int sweep) const {
  const auto limit = rules_.sweep_limits.find(sweep);
  const auto running = sweeps_.find(sweep);
  return limit != rules_.sweep_limits.end() && running != sweeps_.end() && running->second >= limit->second;
}

int Oracle::BestRank(int user) const {
  if (users_[user].limit > 0 && books_[user].running >= users_[user].limit) return -1;
  for (int rank = 2; rank >= 0; --rank) {
    for (const int job : books_[user].waiting[rank]) {
      if (!SweepIsFull(jobs_.at(job).sweep)) return rank;
    }
  }
  return -1;
}

bool Oracle::IsEntitled(int user, int rank) const {
  for (const Seat& seat : seats_) {
    const bool own = seat.job >= 0 && jobs_.at(seat.job).user == user;
    if (own && seat.stopped_for < 0 && jobs_.at(seat.job).rank >= rank && now_ - seat.since < rules_.slice)
      return false;
  }
  for (const Seat& seat : seats_) {
    if (seat.job < 0) return true;
    const Job& holder = jobs_.at(seat.job);
    if (holder.rank < rank) return true;
    if (holder.rank != rank || holder.user == user) continue;
    if (Usage(holder.user) > Usage(user) + kTie * rules_.slice / users_[holder.user].weight) return true;
  }
  return false;
}

void Oracle::CountWaits(double passed) {
  const int count = static_cast<int>(users_.size());
  std::vector<int> ranks(users_.size());
  for (int user = 0; user < count; ++user) ranks[user] = BestRank(user);
  for (int user = 0; user < count; ++user) {
    Books& books = books_[user];
    if (ranks[user] < 0 || !IsEntitled(user, ranks[user])) continue;
    for (int other = 0; other < count; ++other) {
      if (other == user) continue;
      const bool before = ranks[other] > ranks[user] || (ranks[other] == ranks[user] && Usage(other) <= Usage(user));
      if (before) books.ahead.insert(other);
    }
    books.entitled += passed;
    const double turns = static_cast<double>(books.ahead.size()) + 1;
    longest_wait_ = std::max(longest_wait_, books.entitled / rules_.slice);
    if (books.entitled > turns * (rules_.slice * (1 + kTie) + rules_.change) + kRounding) {
      Complain(now_, absl::StrCat("user ", user, " is entitled, and has waited for ", books.entitled, " s behind ",
                                  books.ahead.size(), " users"));
      books.entitled = 0;
    }
  }
}

void Oracle::Advance(double now) {
  const double passed = now - now_;
  if (passed <= 0) return;
  CountWaits(passed);
  const double decay = std::exp2(-passed / rules_.half_life);
  const double held = rules_.half_life / std::log(2.0) * (1 - decay);  // what a second a second comes to
  for (Books& books : books_) books.had *= decay;
  bool all_have_work = true;
  for (const Books& books : books_) all_have_work &= !books.waiting[1].empty();
  if (all_have_work) all_had_work_ += passed;
  for (const Seat& seat : seats_) {
    if (seat.job < 0) continue;
    const Job& job = jobs_.at(seat.job);
    books_[job.user].had += held * Charge(job.rank);
    if (all_have_work) shares_[job.user] += passed * Charge(job.rank) / users_[job.user].weight;
  }
  now_ = now;
}

void Oracle::Arrives(double now, int id, const Job& job) {
  Advance(now);
  if (!jobs_.emplace(id, job).second) Complain(now, absl::StrCat("job ", id, " comes twice"));
  books_[job.user].waiting[job.rank].insert(id);
}

void Oracle::Starts(double now, int id, int slot) {
  Advance(now);
  const Job& job = jobs_.at(id);
  Books& books = books_[job.user];
  Seat& seat = seats_[slot];
  if (seat.job >= 0) Complain(now, absl::StrCat("slot ", slot, " is given twice"));
  if (books.waiting[job.rank].erase(id) == 0) Complain(now, absl::StrCat("job ", id, " starts and does not wait"));
  if (users_[job.user].limit > 0 && books.running >= users_[job.user].limit) {
    Complain(now, absl::StrCat("user ", job.user, " has more jobs than they may"));
  }
  if (SweepIsFull(job.sweep)) Complain(now, absl::StrCat("sweep ", job.sweep, " has more trainings than it may"));
  const auto left = left_.find(slot);
  if (left != left_.end() && left->second.job == id) {
    const Job& waits = jobs_.at(left->second.stopped_for);
    const Books& other = books_[waits.user];
    const bool still = other.waiting[waits.rank].count(left->second.stopped_for) > 0;
    if (still && other.last_start < left->second.stopped_at) ++turned_back_;
  }
  left_.erase(slot);
  seat = {id, now, -1, 0};
  books.last_start = now;
  ++books.running;
  ++sweeps_[job.sweep];
  books.entitled = 0;
  books.ahead.clear();
}

void Oracle::IsStopped(double now, int id, int slot, int for_id) {
  Advance(now);
  Seat& seat = seats_[slot];
  const Job &holder = jobs_.at(id), &waits = jobs_.at(for_id);
  if (seat.job != id || seat.stopped_for >= 0) Complain(now, absl::StrCat("job ", id, " is stopped twice"));
  if (books_[waits.user].waiting[waits.rank].count(for_id) == 0) {
    Complain(now, absl::StrCat("job ", id, " gives way to one that does not wait"));
  }
  if (waits.rank < holder.rank || (waits.rank == holder.rank && waits.user == holder.user)) {
    Complain(now, absl::StrCat("job ", id, " gives way to one with no more right"));
  }
  const bool at_once = waits.rank == 2 && holder.rank < 2;
  if (!at_once && now - seat.since < rules_.slice - kRounding) {
    Complain(now, absl::StrCat("job ", id, " gives way after ", now - seat.since, " s"));
  }
  seat.stopped_for = for_id;
  seat.stopped_at = now;
}

void Oracle::Leaves(double now, int id, int slot, bool ended) {
  Advance(now);
  const Job& job = jobs_.at(id);
  Seat& seat = seats_[slot];
  if (seat.job != id) Complain(now, absl::StrCat("job ", id, " leaves a slot that it does not have"));
  --books_[job.user].running;
  --sweeps_[job.sweep];
  if (ended) {
    ++ended_;
  } else {
    books_[job.user].waiting[job.rank].insert(id);
    left_[slot] = seat;
  }
  seat = Seat();
}

void Oracle::Settles(double now) {
  Advance(now);
  const bool idle = std::any_of(seats_.begin(), seats_.end(), [](const Seat& seat) { return seat.job < 0; });
  if (!idle) return;
  for (int user = 0; user < static_cast<int>(users_.size()); ++user) {
    if (BestRank(user) >= 0) return Complain(now, absl::StrCat("a slot is idle, and user ", user, " has work"));
  }
}

}  // namespace sumscope::jobs

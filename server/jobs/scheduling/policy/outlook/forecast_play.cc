#include "server/jobs/scheduling/policy/outlook/forecast_play.h"

#include <algorithm>
#include <limits>

namespace sumscope::jobs {
namespace {

constexpr int kNone = ForecastModel::kNone;
constexpr int kHigh = 2;  // rank
constexpr double kForever = std::numeric_limits<double>::infinity();
// Of a slice, that is no time.
constexpr double kMoment = 1e-9;
// Of a slice, between looks at two users of which one catches up with the other.
constexpr double kLeastLook = 0.02;
// Looks at users and slots, over all events: a play ends in good time whatever lengths are expected.
constexpr size_t kMaxWork = 20'000'000, kLeastWork = 100;

}  // namespace

ForecastPlay::ForecastPlay(const ForecastModel& model)
    : model_(model),
      slots_(model.slots),
      started_(model.jobs.size(), -1),
      ended_(model.jobs.size(), -1),
      users_(model.users.size()),
      sweeps_(model.sweep_limits.size()) {
  for (const Job& job : model.jobs) left_.push_back(job.left);
  for (size_t user = 0; user < users_.size(); ++user) users_[user].had = model.users[user].taken;
  for (auto& lane : waiting_) {
    for (auto& lines : lane) lines.resize(users_.size());
  }
  for (size_t job = 0; job < model.running; ++job) started_[job] = 0;
  for (size_t job = model.running; job < model.jobs.size(); ++job) Wait(static_cast<int>(job));
}

bool ForecastPlay::GoesBefore(int a, int b) const {
  if (b == kNone) return true;
  const double taken_a = users_[static_cast<size_t>(At(a).user)].taken();
  const double taken_b = users_[static_cast<size_t>(At(b).user)].taken();
  return taken_a != taken_b ? taken_a < taken_b : At(a).position < At(b).position;
}

void ForecastPlay::Wait(int index) {
  const Job& job = At(index);
  Line& line = waiting_[job.quick][static_cast<size_t>(job.rank)][static_cast<size_t>(job.user)];
  (job.sweep == kNone ? line.free : line.of_sweep[job.sweep]).emplace(job.position, index);
}

void ForecastPlay::Take(int index) {
  const Job& job = At(index);
  Line& line = waiting_[job.quick][static_cast<size_t>(job.rank)][static_cast<size_t>(job.user)];
  if (job.sweep == kNone) return line.free.pop();
  Oldest& jobs = line.of_sweep[job.sweep];
  jobs.pop();
  if (jobs.empty()) line.of_sweep.erase(job.sweep);
}

int ForecastPlay::HeadOf(const Line& line) const {
  Age head = line.free.empty() ? Age(std::numeric_limits<uint64_t>::max(), kNone) : line.free.top();
  for (const auto& [sweep, jobs] : line.of_sweep) {
    const auto index = static_cast<size_t>(sweep);
    if (sweeps_[index] < model_.sweep_limits[index]) head = std::min(head, jobs.top());
  }
  return head.second;
}

void ForecastPlay::LookAt(const Slot& slot) {
  if (slot.job == kNone) return;
  const Job& job = At(slot.job);
  UserState& user = UserOf(job);
  user.rate += job.charge;
  if (slot.quick) {
    user.grows += job.charge;
    return;
  }
  ++user.running;
  if (job.training && job.sweep != kNone) ++sweeps_[static_cast<size_t>(job.sweep)];
  const double of_slice = model_.slice - (now_ - slot.since);
  const double to_take = std::min(of_slice, left_[static_cast<size_t>(slot.job)]);
  if (to_take > model_.slice * kMoment) {
    user.to_take += to_take * job.charge;
  } else {
    user.grows += job.charge;
  }
}

void ForecastPlay::Look() {
  for (UserState& user : users_) user = {user.had, 0, 0, 0, 0};
  std::fill(sweeps_.begin(), sweeps_.end(), 0u);
  for (const Slot& slot : slots_) LookAt(slot);
  for (size_t lane = 0; lane < kLanes; ++lane) {
    for (size_t rank = 0; rank < kRanks; ++rank) {
      Firsts& firsts = firsts_[lane][rank];
      firsts = {kNone, kNone};
      for (size_t user = 0; user < users_.size(); ++user) {
        const Line& line = waiting_[lane][rank][user];
        const uint32_t limit = model_.users[user].limit;
        if (lane == 0 && limit > 0 && users_[user].running >= limit) continue;
        const int head = HeadOf(line);
        if (head == kNone) continue;
        if (GoesBefore(head, firsts[0])) {
          firsts = {head, firsts[0]};
        } else if (GoesBefore(head, firsts[1])) {
          firsts[1] = head;
        }
      }
    }
  }
}

void ForecastPlay::Put(Slot* slot, int job) {
  Take(job);
  if (slot->job != kNone) Wait(slot->job);
  slot->job = job;
  slot->since = now_;
  double& started = started_[static_cast<size_t>(job)];
  if (started < 0) started = now_;
}

bool ForecastPlay::Start() {
  for (Slot& slot : slots_) {
    if (slot.job != kNone) continue;
    for (int rank = kRanks - 1; rank >= 0; --rank) {
      for (const int job : firsts_[slot.quick][static_cast<size_t>(rank)]) {
        if (job == kNone || !HasRoom(slot, At(job))) continue;
        Put(&slot, job);
        return true;
      }
    }
  }
  return false;
}

std::pair<double, int> ForecastPlay::YieldOf(const Slot& slot) const {
  std::pair<double, int> first{kForever, kNone};
  if (slot.quick || slot.job == kNone || !At(slot.job).training) return first;
  const Job& holder = At(slot.job);
  const UserState& owner = users_[static_cast<size_t>(holder.user)];
  const double slice_end = slot.since + model_.slice;
  for (int rank = kRanks - 1; rank >= holder.rank; --rank) {
    for (const int index : firsts_[0][static_cast<size_t>(rank)]) {
      if (index == kNone || !HasRoom(slot, At(index))) continue;
      const Job& job = At(index);
      double at = slice_end;
      if (rank > holder.rank) {
        if (rank == kHigh) at = now_;
      } else {
        if (job.user == holder.user) continue;
        const UserState& waits = users_[static_cast<size_t>(job.user)];
        const double behind = waits.taken() + model_.users[static_cast<size_t>(holder.user)].tie - owner.taken();
        if (behind >= 0 && slice_end <= now_ + model_.slice * kMoment) {
          const double closes = owner.grows - waits.grows;
          if (closes <= 0) continue;  // until another slice of the owner's is over, which is an event
          at = now_ + std::max(behind / closes, model_.slice * kLeastLook);
        }
      }
      if (at < first.first) first = {at, index};
    }
  }
  return first;
}

bool ForecastPlay::ChangeHands() {
  Slot* yields = nullptr;
  int to = kNone;
  for (Slot& slot : slots_) {
    const auto [at, job] = YieldOf(slot);
    if (job == kNone || at > now_ + model_.slice * kMoment) continue;
    if (yields != nullptr) {
      const Job &a = At(slot.job), &b = At(yields->job);
      if (a.rank > b.rank || (a.rank == b.rank && UserOf(a).taken() <= UserOf(b).taken())) continue;
    }
    yields = &slot;
    to = job;
  }
  if (yields == nullptr) return false;
  Put(yields, to);
  return true;
}

double ForecastPlay::NextEvent() const {
  double next = kForever;
  for (const Slot& slot : slots_) {
    if (slot.job == kNone) continue;
    next = std::min({next, now_ + left_[static_cast<size_t>(slot.job)], YieldOf(slot).first});
  }
  return next;
}

void ForecastPlay::Advance(double to) {
  const double passed = to - now_;
  now_ = to;
  for (UserState& user : users_) user.had += user.rate * passed;
  for (Slot& slot : slots_) {
    if (slot.job == kNone) continue;
    const auto job = static_cast<size_t>(slot.job);
    left_[job] -= passed;
    if (left_[job] > model_.slice * kMoment) continue;
    ended_[job] = now_;
    over_ += job < wanted_;
    slot.job = kNone;
  }
}

std::map<std::string, Expected> ForecastPlay::Run(size_t limit) {
  wanted_ = std::min(model_.running + limit, model_.jobs.size());
  const size_t work = std::max(users_.size() * kRanks * kLanes + slots_.size() * kRanks, kLeastWork);
  for (size_t done = 0; over_ < wanted_ && done < kMaxWork; done += work) {
    Look();
    if (Start() || ChangeHands()) continue;
    const double next = NextEvent();
    if (next == kForever) break;
    Advance(std::max(next, now_));
  }
  std::map<std::string, Expected> expected;
  for (size_t job = 0; job < wanted_; ++job) {
    if (ended_[job] >= 0) expected[model_.jobs[job].id] = {started_[job], ended_[job]};
  }
  return expected;
}

}  // namespace sumscope::jobs

#include "tests/server/jobs/scheduling/policy/simulation/box.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace sumscope::jobs {
namespace {

// Between charges of what goes on.
constexpr double kChargeEvery = 5;
// A plan that looks again for ever must not take for ever: jobs are left then.
constexpr size_t kMostPlansAJob = 200;

std::string NameOf(int user) { return absl::StrFormat("u%02d", user); }
std::string SlotName(size_t slot) { return absl::StrFormat("slot%03d", slot); }

int IndexOf(const std::string& name, size_t prefix) {
  int index = -1;
  if (!absl::SimpleAtoi(name.substr(prefix), &index)) return -1;
  return index;
}

absl::Time TimeOf(double seconds) { return absl::UnixEpoch() + absl::Seconds(seconds); }

}  // namespace

Box::Box(const Oracle::Rules& rules, const std::vector<Oracle::User>& users, std::vector<Work> work)
    : rules_(rules),
      users_(users),
      work_(std::move(work)),
      oracle_(rules, users),
      ledger_(absl::Seconds(rules.half_life)),
      busy_(static_cast<size_t>(rules.slots)) {
  policy_.slice = absl::Seconds(rules.slice);
  policy_.low_charge = rules.low_charge;
  for (const auto& [sweep, limit] : rules.sweep_limits)
    sweeps_[absl::StrCat("s", sweep)] = static_cast<uint32_t>(limit);
  for (size_t slot = 0; slot < busy_.size(); ++slot) {
    SlotState& state = fleet_[SlotName(slot)];
    state.device = "cpu";
    state.idle = true;
  }
  for (const Work& one : work_) left_.push_back(one.seconds);
}

storage::Job Box::RowOf(int id) const {
  const Oracle::Job& job = work_[static_cast<size_t>(id)].job;
  storage::Job row;
  row.id = absl::StrCat("j", id);
  row.run = absl::StrCat("r", id);
  row.queue_position = static_cast<uint64_t>(id) + 1;
  row.owner = NameOf(job.user);
  row.priority = static_cast<v1::Priority>(job.rank + 1);
  if (job.sweep >= 0) row.sweep = absl::StrCat("s", job.sweep);
  row.expected_seconds = left_[static_cast<size_t>(id)];
  return row;
}

Plan Box::PlanNow() {
  Shares shares;
  for (size_t user = 0; user < users_.size(); ++user) {
    const std::string name = NameOf(static_cast<int>(user));
    shares[name] = {ledger_.Of(name, TimeOf(now_)), users_[user].weight, static_cast<uint32_t>(users_[user].limit)};
  }
  ++plans_;
  return MakePlan({queue_, fleet_, shares, sweeps_, policy_, absl::Seconds(now_)});
}

void Box::Charge(size_t slot) {
  Busy& busy = busy_[slot];
  const Oracle::Job& job = work_[static_cast<size_t>(busy.job)].job;
  const double charge = job.rank == 0 ? rules_.low_charge : 1;
  ledger_.Charge(NameOf(job.user), (now_ - busy.charged_until) * charge, TimeOf(now_));
  busy.charged_until = now_;
  fleet_[SlotName(slot)].running->charged_until = absl::Seconds(now_);
}

void Box::Arrive() {
  for (; arrived_ < work_.size() && work_[arrived_].arrives <= now_; ++arrived_) {
    const int id = static_cast<int>(arrived_);
    queue_.Add(RowOf(id));
    oracle_.Arrives(now_, id, work_[arrived_].job);
  }
}

void Box::Start(const Plan::Start& start) {
  const storage::Job job = *queue_.Take(start.job);
  const int id = IndexOf(start.job, 1), slot = IndexOf(start.slot, 4);
  busy_[static_cast<size_t>(slot)] = {id, now_, now_, now_ + left_[static_cast<size_t>(id)], false};
  SlotState& state = fleet_[start.slot];
  state.idle = false;
  RunningJob running;
  running.job = job.id;
  running.run = job.run;
  running.owner = job.owner;
  running.sweep = job.sweep;
  running.priority = job.priority;
  running.training = true;
  running.since = running.charged_until = absl::Seconds(now_);
  running.expected_seconds = job.expected_seconds;
  state.running = running;
  oracle_.Starts(now_, id, slot);
}

void Box::Stop(const Plan::Stop& stop) {
  const int slot = IndexOf(stop.slot, 4);
  Busy& busy = busy_[static_cast<size_t>(slot)];
  oracle_.IsStopped(now_, IndexOf(stop.job, 1), slot, IndexOf(stop.for_job, 1));
  fleet_[stop.slot].running->stopping = true;
  if (busy.leaves > now_ + rules_.change) {
    busy.leaves = now_ + rules_.change;
    busy.stops = true;
  }
  ++stops_;
}

void Box::Leave(size_t slot) {
  Busy& busy = busy_[slot];
  Charge(slot);
  const auto id = static_cast<size_t>(busy.job);
  left_[id] -= now_ - busy.since;
  SlotState& state = fleet_[SlotName(slot)];
  state.running.reset();
  state.idle = true;
  oracle_.Leaves(now_, busy.job, static_cast<int>(slot), !busy.stops);
  if (busy.stops) queue_.Add(RowOf(busy.job));
  busy = Busy();
}

double Box::Settle() {
  for (;;) {
    const Plan plan = PlanNow();
    if (plan.start.has_value()) {
      Start(*plan.start);
    } else if (plan.stop.has_value()) {
      Stop(*plan.stop);
    } else {
      oracle_.Settles(now_);
      return absl::ToDoubleSeconds(plan.look_again);
    }
  }
}

double Box::NextEvent(double look_again) const {
  double next = look_again;
  if (arrived_ < work_.size()) next = std::min(next, work_[arrived_].arrives);
  for (const Busy& busy : busy_) {
    if (busy.job >= 0) next = std::min(next, busy.leaves);
  }
  return next;
}

void Box::Run(double seconds) {
  double charged = 0;
  const size_t most_plans = kMostPlansAJob * work_.size();
  while (now_ < seconds && static_cast<size_t>(plans_) < most_plans) {
    Arrive();
    const double next = NextEvent(Settle());
    if (next == std::numeric_limits<double>::infinity()) return;
    // Whoever waits for a time waits in milliseconds.
    now_ = next > now_ ? next : now_ + 1e-3;
    const bool charges = now_ - charged >= kChargeEvery;
    if (charges) charged = now_;
    for (size_t slot = 0; slot < busy_.size(); ++slot) {
      if (busy_[slot].job < 0) continue;
      if (busy_[slot].leaves <= now_) {
        Leave(slot);
      } else if (charges) {
        Charge(slot);
      }
    }
  }
}

}  // namespace sumscope::jobs

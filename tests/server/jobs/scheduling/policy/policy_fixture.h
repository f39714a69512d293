#ifndef SUMSCOPE_TESTS_SERVER_JOBS_SCHEDULING_POLICY_POLICY_FIXTURE_H_
#define SUMSCOPE_TESTS_SERVER_JOBS_SCHEDULING_POLICY_POLICY_FIXTURE_H_

#include <optional>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "server/jobs/scheduling/policy/plan.h"
#include "tests/server/jobs/scheduling/policy/make_job.h"

namespace sumscope::jobs {

inline constexpr absl::Duration kSlice = absl::Minutes(1);

// A queue, slots and users to plan by.
class PolicyFixture : public testing::Test {
 protected:
  PolicyFixture() { policy_.slice = kSlice; }

  Situation At(absl::Duration now) const { return {queue_, fleet_, shares_, sweeps_, policy_, now}; }
  Plan PlanAt(absl::Duration now) const { return MakePlan(At(now)); }
  Plan PlanNow() const { return PlanAt(kNow); }
  // "job on slot" of a plan's start, "" for none.
  std::string Starts() const {
    const Plan plan = PlanNow();
    return plan.start.has_value() ? plan.start->job + " on " + plan.start->slot : "";
  }
  // "job for job, reason" of a plan's stop, "" for none.
  std::string Stops() const {
    const Plan plan = PlanNow();
    return plan.stop.has_value() ? plan.stop->job + " for " + plan.stop->for_job + ", " + plan.stop->reason : "";
  }

  // A training that waits, in a run of its own, the oldest first.
  storage::Job Waiting(const std::string& id, const std::string& owner, v1::Priority priority = v1::NORMAL) {
    storage::Job job = MakeJob(id, ++positions_, "run of " + id);
    job.owner = owner;
    job.priority = priority;
    return job;
  }
  void Wait(const std::string& id, const std::string& owner, v1::Priority priority = v1::NORMAL) {
    queue_.Add(Waiting(id, owner, priority));
  }
  void WaitQuick(const std::string& id, const std::string& owner) {
    storage::Job job = Waiting(id, owner);
    job.analysis = "a";
    job.quick = true;
    queue_.Add(std::move(job));
  }
  SlotState& Idle(const std::string& slot, bool quick = false) {
    SlotState& state = fleet_[slot];
    state = SlotState();
    state.device = "cpu";
    state.quick = quick;
    state.idle = true;
    return state;
  }
  // A training that has had its slot for so long.
  RunningJob& Run(const std::string& slot, const std::string& job, const std::string& owner, absl::Duration had,
                  v1::Priority priority = v1::NORMAL) {
    SlotState& state = Idle(slot);
    state.idle = false;
    RunningJob running;
    running.job = job;
    running.owner = owner;
    running.priority = priority;
    running.training = true;
    running.since = kNow - had;
    state.running = running;
    return *state.running;
  }
  void Had(const std::string& owner, double device_seconds, double weight = 1, uint32_t running_limit = 0) {
    shares_[owner] = {device_seconds, weight, running_limit};
  }

  JobQueue queue_;
  Fleet fleet_;
  Shares shares_;
  SweepLimits sweeps_;
  SharePolicy policy_;

 private:
  uint64_t positions_ = 0;
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_TESTS_SERVER_JOBS_SCHEDULING_POLICY_POLICY_FIXTURE_H_

#ifndef SUMSCOPE_TESTS_SERVER_JOBS_SCHEDULING_POLICY_SIMULATION_BOX_H_
#define SUMSCOPE_TESTS_SERVER_JOBS_SCHEDULING_POLICY_SIMULATION_BOX_H_

#include <map>
#include <string>
#include <vector>

#include "server/jobs/scheduling/policy/plan.h"
#include "server/jobs/scheduling/policy/usage_ledger.h"
#include "tests/server/jobs/scheduling/policy/simulation/oracle.h"

namespace sumscope::jobs {

// A box whose slots train by the plan, in time that is counted, not passed; an Oracle watches.
class Box {
 public:
  struct Work {
    Oracle::Job job;
    double arrives = 0, seconds = 0;
  };

  // Work by order of arrival. The rules' policy is the box's.
  Box(const Oracle::Rules& rules, const std::vector<Oracle::User>& users, std::vector<Work> work);

  // Until nothing is left to do, or for `seconds`.
  void Run(double seconds);
  const Oracle& oracle() const { return oracle_; }
  int stops() const { return stops_; }
  int plans() const { return plans_; }

 private:
  // What a slot does.
  struct Busy {
    int job = -1;
    double since = 0, charged_until = 0;
    double leaves = 0;  // when it has ended, or has given way
    bool stops = false;
  };

  Plan PlanNow();
  // Carries out plans until there is nothing to do; says when there may be.
  double Settle();
  void Arrive();
  void Start(const Plan::Start& start);
  void Stop(const Plan::Stop& stop);
  void Leave(size_t slot);
  void Charge(size_t slot);
  storage::Job RowOf(int id) const;
  double NextEvent(double look_again) const;

  const Oracle::Rules rules_;
  const std::vector<Oracle::User> users_;
  const std::vector<Work> work_;
  std::vector<double> left_;
  Oracle oracle_;
  SharePolicy policy_;
  JobQueue queue_;
  Fleet fleet_;
  SweepLimits sweeps_;
  UsageLedger ledger_;
  std::vector<Busy> busy_;
  size_t arrived_ = 0;
  double now_ = 0;
  int stops_ = 0, plans_ = 0;
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_TESTS_SERVER_JOBS_SCHEDULING_POLICY_SIMULATION_BOX_H_

#ifndef SUMSCOPE_SERVER_JOBS_SCHEDULING_POLICY_OUTLOOK_EXPLAIN_H_
#define SUMSCOPE_SERVER_JOBS_SCHEDULING_POLICY_OUTLOOK_EXPLAIN_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "server/jobs/scheduling/policy/plan.h"

namespace sumscope::jobs {

struct Standing;

// Why a job waits, as a plan sees it.
struct WaitReason {
  // PRIORITY: others start before it. RESOURCES: it is next, and the slots are taken. SLICE: it is next, and a training
  // gives way to it when its slice is over. DEPENDENCY, USER_LIMIT (also its sweep's), HELD. DEVICE_BUSY_OUTSIDE,
  // DEVICE_LOST, NO_WORKER, DRAINING: what closes every slot that it could have. DEVICE_MEMORY: no slot has enough of
  // it. Or the reason of storage that refuses it, STORAGE_ERROR where the job has none. Empty of a job that does not
  // wait.
  std::string reason;
  std::string detail;  // for people, without names of jobs or users, and nothing that only some may know
  // Running jobs whose end, or whose slice's end, it waits for, the earliest first; the closed slots that it could
  // have.
  std::vector<std::string> holders, closed_slots;
  size_t before = 0;  // jobs that start before it on such slots, where it is neither held nor bound
};

// Says of each waiting job why it waits, and in which order they would start. Counts once what all share: 10,000 jobs
// take some ten milliseconds. Good as long as what the situation borrows does not change.
class Explainer {
 public:
  explicit Explainer(const Situation& situation);
  ~Explainer();

  // The jobs that wait, in the order in which they would start; those that cannot start (held, with dependencies,
  // refused by storage) come last, by age.
  const std::vector<const storage::Job*>& order() const { return order_; }
  // So many of them, the first, can start.
  size_t startable() const { return startable_; }
  // `job` is one of order().
  WaitReason Explain(const storage::Job& job) const;

 private:
  struct Facts;
  using Slots = std::vector<const Fleet::value_type*>;
  // The reasons, one after the other.
  bool Bound(const storage::Job& job, const Standing& owner, WaitReason* why) const;
  static WaitReason Closed(const Slots& closed, WaitReason why);
  static bool TooLarge(const storage::Job& job, const Slots& open, WaitReason* why);
  WaitReason Next(const storage::Job& job, const Standing& owner, const Slots& open, WaitReason why) const;

  const Situation situation_;
  std::vector<const storage::Job*> order_;
  size_t startable_ = 0;
  std::unique_ptr<const Facts> facts_;
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_SCHEDULING_POLICY_OUTLOOK_EXPLAIN_H_

#ifndef SUMSCOPE_SERVER_JOBS_SCHEDULING_POLICY_STANDINGS_H_
#define SUMSCOPE_SERVER_JOBS_SCHEDULING_POLICY_STANDINGS_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/time/time.h"
#include "server/jobs/scheduling/policy/plan.h"

namespace sumscope::jobs {

// How a user stands at one moment.
struct Standing {
  double weight = 1;
  // Device-seconds over weight: had until now, and what their running jobs are still to take of their slices. Who has
  // the least goes first. With what is to be taken, slots that come free at once are shared among users.
  double taken = 0;
  double rate = 0;  // of it, per second: of those whose slices are over
  // Monotonic: when the next slice of theirs is over, and the rate grows.
  absl::Duration rate_grows = absl::InfiniteDuration();
  uint32_t limit = 0;    // of running jobs; 0: none
  uint32_t running = 0;  // outside of the quick lane, also those that give way, and those promised a slot

  bool MayStart() const { return limit == 0 || running < limit; }
};

// How users and sweeps stand, counted from what runs. Thread-compatible.
class Standings {
 public:
  explicit Standings(const Situation& situation);

  Standing& Of(const std::string& owner);
  // Whether the sweep may have one more training.
  bool SweepMayStart(const std::string& sweep) const;
  // The job gets a slot that comes free: its owner is charged for a slice of it. `own`: the slot is one of theirs.
  void Promise(const storage::Job& job, bool own, Standing* standing);

 private:
  void Count(const RunningJob& job);

  const Situation situation_;
  std::map<std::string, Standing> of_owner_;
  std::map<std::string, uint32_t> trainings_;  // by sweep
};

// LOW 1, NORMAL 2, HIGH 3; nothing is NORMAL.
int ClassOf(v1::Priority priority);
// What a second of the device costs.
double ChargeOf(v1::Priority priority, const SharePolicy& policy);
// Seconds that a job takes from the beginning of a slot to the end of its slice, or of its work where that is expected
// to be less; `expected_seconds` 0 is unknown.
double SliceSeconds(double expected_seconds, const SharePolicy& policy);

// Whether the slot takes tasks that are no quick ones, when it is idle.
inline bool IsOrdinary(const SlotState& slot) { return !slot.quick && slot.closed.empty(); }
// Whether there is memory for the job, where both are known.
bool Fits(const storage::Job& job, const SlotState& slot);
// The same, when what runs on the slot is gone.
bool FitsAfter(const storage::Job& job, const SlotState& slot);

// Of a slice of theirs: so much more a holder must have had than who waits. Less is a tie, which may have turned until
// the slot has changed hands.
inline constexpr double kTie = 0.01;

// When the training of a slot gives way to a job of that class and owner.
enum class Yield { kNever, kAtSliceEnd, kAtOnce };
Yield YieldTo(const storage::Job& job, const RunningJob& running);
// When it does, as far as the usage of both owners tells: not after now for at once, InfiniteDuration for never as
// things are.
absl::Duration YieldTime(const Situation& situation, const storage::Job& job, const Standing& owner,
                         const RunningJob& running, const Standing& holder);

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_SCHEDULING_POLICY_STANDINGS_H_

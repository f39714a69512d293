#ifndef SUMSCOPE_SERVER_JOBS_SCHEDULING_POLICY_FLEET_H_
#define SUMSCOPE_SERVER_JOBS_SCHEDULING_POLICY_FLEET_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "sumscope/v1/runs.pb.h"

namespace sumscope::jobs {

// A job that has a slot.
struct RunningJob {
  std::string job, run, owner, sweep;
  v1::Priority priority = v1::NORMAL;
  bool training = false;        // only these can stop and go on
  bool stopping = false;        // asked to give way, cancelled or drained: its slot comes free by itself
  absl::Duration since;         // monotonic: when this segment began
  double expected_seconds = 0;  // of work that was left when this segment began; 0: unknown
  // Monotonic: up to where Share::device_seconds has it. InfiniteDuration: it has all.
  absl::Duration charged_until = absl::InfiniteDuration();
  uint64_t memory_bytes = 0;
};

struct SlotState {
  std::string device;  // cpu, cuda:0
  uint32_t threads = 1;
  bool quick = false;  // takes quick jobs only; trainings never
  bool idle = false;   // takes a task
  // Why it takes none though it could, and for people who is in its way: DEVICE_BUSY_OUTSIDE, DEVICE_LOST, NO_WORKER,
  // DRAINING; empty where nothing closes it.
  std::string closed, closed_detail;
  uint64_t memory_bytes = 0;  // that is free for another task; 0: nobody knows, and nothing is refused
  std::optional<RunningJob> running;
};

// What can run jobs, by slot.
using Fleet = std::map<std::string, SlotState>;

// What a plan weighs of a user.
struct Share {
  double device_seconds = 0;   // charged, decayed to now
  double weight = 1;           // above 0
  uint32_t running_limit = 0;  // of jobs outside of the quick lane; 0: none
};
using Shares = std::map<std::string, Share>;  // by owner; who is not there has a Share()

// Of a sweep that bounds its trainings.
using SweepLimits = std::map<std::string, uint32_t>;  // trainings at once, by sweep; absent or 0: no bound

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_SCHEDULING_POLICY_FLEET_H_

#ifndef SUMSCOPE_SERVER_JOBS_SCHEDULING_QUEUE_H_
#define SUMSCOPE_SERVER_JOBS_SCHEDULING_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/jobs/scheduling/policy/fleet.h"
#include "server/jobs/scheduling/policy/outlook/explain.h"
#include "server/jobs/scheduling/policy/outlook/forecast.h"
#include "storage/catalog/actor.h"
#include "storage/catalog/jobs.h"
#include "sumscope/v1/runs.pb.h"

namespace sumscope::jobs {

// A job that has not ended, as a plan sees it.
struct QueuedJob {
  storage::Job job;    // of one that has a slot, how it waited, but STARTING: the catalog knows how far it is
  uint32_t place = 0;  // of those that wait, from 1; 0 of one that has a slot, or that cannot start as things are
  std::string device;  // of one that has a slot
  WaitReason wait;     // of one that waits
  std::optional<Expected> expected;  // from QueueView::time on

  // Whether this is true of the job's row: since the view it has not changed hands, hold or class.
  bool IsOf(const storage::Job& row) const {
    if (row.state != v1::QUEUED || job.state != v1::QUEUED) return row.state != v1::QUEUED && job.state != v1::QUEUED;
    return row.held_by == job.held_by && row.priority == job.priority;
  }
};

// What a user has had, has and may have.
struct UserShareView {
  double weight = 1;
  double device_seconds = 0;  // decayed to QueueView::time
  uint32_t running = 0;       // outside of the quick lane, as the limit counts them
  uint32_t waiting = 0;
  uint32_t running_limit = 0, waiting_limit = 0;  // 0: none
};

// The queue at one moment, of everybody's jobs: who shows it to a user asks what they may see.
struct QueueView {
  absl::Time time;
  // Those that have a slot, by slot; then those that wait, in the order in which they would start, those that cannot
  // start last.
  std::vector<QueuedJob> jobs;
  size_t running = 0;                           // so many of them, the first, have a slot
  size_t startable = 0;                         // so many of those that wait have a place
  std::map<std::string, size_t> by_id;          // where a job stands in `jobs`
  std::map<std::string, UserShareView> shares;  // of users who have work, or had some lately
  Fleet fleet;

  // Null: it has ended, or came later.
  const QueuedJob* Find(const std::string& job) const {
    const auto found = by_id.find(job);
    return found == by_id.end() ? nullptr : &jobs[found->second];
  }
};

// The queue as callers see and change it; jobs are named by their ids. `actor` is who asks: see Runs. Whether they may
// change what they see, the caller has checked. Thread-safe.
class Queue {
 public:
  virtual ~Queue() = default;
  // Waits for no storage and no worker. Made anew when something has changed, and once a second; else the last one, and
  // so also for a moment after one that took long to make: then it may be from before a change of the caller's.
  virtual std::shared_ptr<const QueueView> View() = 0;
  // A job that is held stays so, by the first who held it. NOT_FOUND JOB_NOT_FOUND; FAILED_PRECONDITION JOB_STARTED,
  // JOB_ENDED.
  virtual absl::Status Hold(const storage::Actor& actor, const std::string& job) = 0;
  // NOT_FOUND JOB_NOT_FOUND; FAILED_PRECONDITION JOB_NOT_HELD, JOB_STARTED, JOB_ENDED.
  virtual absl::Status Release(const storage::Actor& actor, const std::string& job) = 0;
  // As Hold, and as CheckPriority.
  virtual absl::Status SetPriority(const storage::Actor& actor, const std::string& job, v1::Priority priority) = 0;
  // Whether the actor may have another `jobs` jobs of that priority: PERMISSION_DENIED or RESOURCE_EXHAUSTED
  // HIGH_PRIORITY_LIMIT.
  virtual absl::Status CheckPriority(const storage::Actor& actor, v1::Priority priority, size_t jobs) = 0;
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_SCHEDULING_QUEUE_H_

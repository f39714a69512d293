#ifndef SUMSCOPE_SERVER_JOBS_SCHEDULING_POLICY_JOB_QUEUE_H_
#define SUMSCOPE_SERVER_JOBS_SCHEDULING_POLICY_JOB_QUEUE_H_

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/time/time.h"
#include "server/jobs/scheduling/policy/ready_jobs.h"
#include "storage/catalog/jobs.h"

namespace sumscope::jobs {

// The jobs that wait for a slot, each once, by age, which is Job::queue_position: one that comes back (worker lost,
// drain, slice) has its old place. Jobs that are held or have dependencies wait aside. All times are of a monotonic
// clock. Thread-compatible.
//
// When storage refuses a job for now, all jobs of that run wait aside too, for they would meet the same file: one of
// them probes, with a back-off of the run's own. Where the refusal is everybody's (the catalog, a full disk, no
// descriptors), nobody is tried for a moment.
class JobQueue {
 public:
  JobQueue() = default;
  JobQueue(const JobQueue&) = delete;
  JobQueue& operator=(const JobQueue&) = delete;

  // A job that is there already is replaced.
  void Add(storage::Job job);
  // Takes the job out; empty when it does not wait.
  std::optional<storage::Job> Remove(const std::string& job);
  // Takes the job out to start it; empty when it does not wait. A job of a run that was refused is the run's probe from
  // here on.
  std::optional<storage::Job> Take(const std::string& job);
  // The job has changed: hold, release, priority, reason. False when it does not wait, and nothing is done.
  bool Replace(storage::Job job);
  // The run has succeeded: no job waits for it any more. Returns those that wait for no run now, the oldest first.
  std::vector<storage::Job> DependencyDone(const std::string& run);

  size_t size() const { return jobs_.size(); }
  // Waiting jobs of the owner, and those of them with priority HIGH.
  size_t CountOf(const std::string& owner) const;
  size_t CountHighOf(const std::string& owner) const;
  // Null when it does not wait. Good until the queue changes.
  const storage::Job* Find(const std::string& job) const;
  // All of them, the oldest first.
  void ForEach(absl::FunctionRef<void(const storage::Job&)> visit) const;
  // For logs and debuggers.
  std::string DebugString() const;

  // Those that may be tried now: nobody holds them, they wait for no run, and nothing is known against theirs.
  const ReadyJobs& ready() const { return ready_; }
  // The oldest of them; null when there is none.
  const storage::Job* First() const { return ready_.First(); }
  // The first job of each refused run that is due and has no probe, the run that is due longest first, until `visit`
  // returns false.
  void ForEachDueProbe(absl::Duration now, absl::FunctionRef<bool(const storage::Job&)> visit) const;
  const storage::Job* DueProbe(absl::Duration now) const;
  // When the next refused run is due, after `now`; InfiniteDuration where none waits for its time.
  absl::Duration NextProbe(absl::Duration now = -absl::InfiniteDuration()) const;
  // Whether the run of a waiting job was refused.
  bool IsRefused(const storage::Job& job) const { return refused_.count(job.run) > 0; }
  // Whether the job that was taken last was a probe.
  bool probed_last() const { return probed_last_; }
  // Nobody is tried before.
  absl::Duration paused_until() const { return everybody_.not_before; }
  // The wait after the first refusal; each in a row doubles it.
  static constexpr absl::Duration kFirstWait = absl::Milliseconds(50);

  // Storage refused the job: it waits aside with all of its run.
  void PutOff(storage::Job job, absl::Duration now, absl::Duration longest);
  // Storage refused what everybody needs.
  void PauseAll(absl::Duration now, absl::Duration longest) { everybody_.Refused(now, longest); }
  // Storage took a start of this run: its jobs have their places again, and the back-offs begin anew.
  void Resume(const std::string& run);
  // Whether the job tries for a run that was refused.
  bool IsProbe(const std::string& run, const std::string& job) const;
  // The job's start is over without a refusal: its run's others may find out for themselves.
  void ProbeOver(const std::string& run, const std::string& job);

 private:
  using Place = ReadyJobs::Place;
  struct Wait {
    absl::Duration not_before = -absl::InfiniteDuration();
    int refusals = 0;  // in a row
    void Refused(absl::Duration now, absl::Duration longest);
  };
  struct RefusedRun {
    std::set<Place> jobs;  // that may be tried
    std::string probe;     // the job that tries now, "" for none
    Wait wait;
  };
  struct Counts {
    size_t all = 0, high = 0;
  };
  using Refusals = std::map<std::string, RefusedRun>;  // by run

  // Takes the job into, or out of, everything but jobs_ and places_.
  void Enter(const Place& place, const storage::Job& job);
  void Leave(const Place& place, const storage::Job& job);
  // Out of and into due_, around a change.
  void Unindex(Refusals::const_iterator refused);
  void Index(Refusals::const_iterator refused);
  void Readmit(const std::string& run);

  std::map<Place, storage::Job> jobs_;
  std::unordered_map<std::string, Place> places_;      // by job
  std::map<std::string, std::set<Place>> of_run_;      // by run, all its jobs
  std::map<std::string, std::set<Place>> dependents_;  // by run that they wait for
  std::map<std::string, Counts> of_owner_;
  ReadyJobs ready_;
  Refusals refused_;
  std::set<std::pair<absl::Duration, std::string>> due_;  // refused runs with jobs and without a probe
  Wait everybody_;
  bool probed_last_ = false;
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_SCHEDULING_POLICY_JOB_QUEUE_H_

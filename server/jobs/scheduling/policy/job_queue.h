#ifndef SUMSCOPE_SERVER_JOBS_SCHEDULING_JOB_QUEUE_H_
#define SUMSCOPE_SERVER_JOBS_SCHEDULING_JOB_QUEUE_H_

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "storage/catalog/jobs.h"

namespace sumscope::jobs {

// The jobs that wait for a slot, each once, in the order of Job::queue_position: one that comes back (worker lost,
// drain) has its old place. All times are of a monotonic clock. Thread-compatible.
//
// When storage refuses a job for now, all jobs of that run wait aside, for they would meet the same file: one of them
// probes, with a back-off of the run's own. Where the refusal is everybody's (the catalog, a full disk, no
// descriptors), nobody is tried for a moment.
class JobQueue {
 public:
  void Add(storage::Job job);
  // Takes the job out; empty when it does not wait.
  std::optional<storage::Job> Remove(const std::string& job);
  // Takes the job out to start it; empty when it does not wait. A job of a run that was refused is the run's probe from
  // here on.
  std::optional<storage::Job> Take(const std::string& job);
  size_t size() const { return ready_.size() + aside_; }
  // For logs and debuggers.
  std::string DebugString() const;

  // The first job of a run that nothing is known against; null when there is none.
  const storage::Job* First() const;
  // The first job of the refused run that is due longest, of those that are due and have no probe; null for none.
  const storage::Job* DueProbe(absl::Duration now) const;
  // When the next refused run is due; InfiniteDuration where none waits for its time.
  absl::Duration NextProbe() const;
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
  using Place = std::pair<uint64_t, std::string>;  // position, id
  using Jobs = std::map<Place, storage::Job>;
  struct Wait {
    absl::Duration not_before = -absl::InfiniteDuration();
    int refusals = 0;  // in a row
    void Refused(absl::Duration now, absl::Duration longest);
  };
  struct RefusedRun {
    Jobs jobs;
    std::string probe;  // the job that tries now, "" for none
    Wait wait;
  };
  static Place PlaceOf(const storage::Job& job) { return {job.queue_position, job.id}; }
  void Readmit(const std::string& run);

  Jobs ready_;
  std::map<std::string, std::pair<std::string, Place>> places_;  // by job: its run, its place
  std::map<std::string, std::set<Place>> of_run_;                // places in ready_
  std::map<std::string, RefusedRun> refused_;                    // by run
  size_t aside_ = 0;                                             // jobs in refused_
  Wait everybody_;
  bool probed_last_ = false;
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_SCHEDULING_JOB_QUEUE_H_

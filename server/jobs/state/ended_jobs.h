#ifndef SUMSCOPE_SERVER_JOBS_STATE_ENDED_JOBS_H_
#define SUMSCOPE_SERVER_JOBS_STATE_ENDED_JOBS_H_

#include <chrono>
#include <set>
#include <string>
#include <utility>

#include "proto/contract/base/mutex.h"
#include "storage/catalog/jobs.h"

namespace sumscope::jobs {

// Runs and sweeps that somebody has to look at, because a job of theirs has ended: others may wait for it. It says
// nothing of how it ended: who looks asks the catalog, so that one look too many does no harm. Thread-safe.
class EndedJobs {
 public:
  struct Batch {
    std::set<std::string> runs, sweeps;  // ids
    std::set<std::string> unfiled;       // jobs whose end is in the catalog, and may not be in their run's file
    bool empty() const { return runs.empty() && sweeps.empty() && unfiled.empty(); }
    void Merge(Batch other) {
      runs.merge(other.runs);
      sweeps.merge(other.sweeps);
      unfiled.merge(other.unfiled);
    }
  };

  void Put(const storage::Job& job) { Look(BatchOf(job)); }
  // Of a job that was ended in the catalog alone.
  void PutWithoutFile(const storage::Job& job) {
    Batch batch = BatchOf(job);
    batch.unfiled.insert(job.id);
    Look(std::move(batch));
  }
  void Look(Batch batch) {
    MutexLock lock(&mutex_);
    batch_.Merge(std::move(batch));
    if (!batch_.empty()) changed_.NotifyAll();
  }
  // All that came since the last call; waits `longest` for some, or until Close. Empty where none came.
  Batch Take(std::chrono::milliseconds longest) {
    const auto deadline = std::chrono::steady_clock::now() + longest;
    MutexLock lock(&mutex_);
    while (batch_.empty() && !closed_) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      if (left.count() <= 0) break;
      changed_.WaitFor(&mutex_, left);
    }
    return std::exchange(batch_, {});
  }
  // Nobody waits any more.
  void Close() {
    MutexLock lock(&mutex_);
    closed_ = true;
    changed_.NotifyAll();
  }
  bool closed() {
    MutexLock lock(&mutex_);
    return closed_;
  }

 private:
  static Batch BatchOf(const storage::Job& job) {
    Batch batch;
    if (job.analysis.empty()) batch.runs.insert(job.run);
    if (!job.sweep.empty()) batch.sweeps.insert(job.sweep);
    return batch;
  }

  Mutex mutex_;
  CondVar changed_;
  Batch batch_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_STATE_ENDED_JOBS_H_

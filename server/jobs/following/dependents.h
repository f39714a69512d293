#ifndef SUMSCOPE_SERVER_JOBS_FOLLOWING_DEPENDENTS_H_
#define SUMSCOPE_SERVER_JOBS_FOLLOWING_DEPENDENTS_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/jobs/scheduling/admission.h"
#include "server/jobs/state/context.h"
#include "server/jobs/state/transitions.h"
#include "sumscope/v1/runs.pb.h"

namespace sumscope::jobs {

// Goals: what waits for a run is let go once the run has succeeded, never before, and ends with it otherwise; a crash
// at any point loses and doubles nothing. Non-goal: to bring back what ended with a run that is resumed later.
//
// All that is decided is decided from the catalog: which jobs wait for the run, and how it stands. So whoever looks
// once more, as each start does, finishes what was begun. Confined to one thread at a time, beside others that cancel,
// hold or make jobs.
class Dependents {
 public:
  // Both outlive it.
  Dependents(Context* context, Admission* admission) : context_(context), admission_(admission) {}

  // Settles what waits for `run`, if that has ended. Succeeded: each job waits for it no more, and an order becomes an
  // analysis of its last checkpoint, in its file first, then in the catalog. Failed, cancelled or deleted: each job
  // ends FAILED DEPENDENCY_FAILED, and those who wait for a training among these are to be looked at next
  // (Context::ended). An error: storage refused some for now, nothing is half done, and it is to be called again.
  absl::Status Settle(const std::string& run);

 private:
  using Jobs = std::vector<storage::Job>;
  using Orders = std::map<std::string, absl::StatusOr<v1::Analysis>>;  // by job: what it asks, or why it cannot

  absl::Status Release(const v1::Run& run, const Jobs& waiting);
  // The orders among the jobs, with checkpoint and key, once the run's file holds them. An error that may pass is
  // everybody's.
  absl::StatusOr<Orders> Complete(const v1::Run& run, const Jobs& waiting);
  absl::Status Fail(const v1::Run& run, const Jobs& waiting);
  void Ended(const JobWithSubject& target);

  Context* const context_;
  Admission* const admission_;
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_FOLLOWING_DEPENDENTS_H_

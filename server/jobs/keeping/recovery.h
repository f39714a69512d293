#ifndef SUMSCOPE_SERVER_JOBS_KEEPING_RECOVERY_H_
#define SUMSCOPE_SERVER_JOBS_KEEPING_RECOVERY_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/contract/base/mutex.h"
#include "server/jobs/state/context.h"

namespace sumscope::jobs {

// Brings every unfinished job back to a state from which it goes on, after the server ended in whatever way. What a run
// file says of its end is true (it was written first); what the catalog says of work under way is not. Opens only the
// files of unfinished jobs. One job's file or row that cannot be read is that job's matter, never the start's.
// Thread-safe.
class Recovery {
 public:
  explicit Recovery(Context* context) : context_(context) {}

  // While nobody else works. A run whose file is busy is tried once, however many of its jobs wait, and nothing more
  // once the server was told to end. Returns what it repaired, what it left alone and what it will try again, for
  // people.
  absl::StatusOr<std::vector<std::string>> Start();
  // Jobs whose storage was busy or failing at the start, tried once more. Returns those that are QUEUED now.
  std::vector<storage::Job> TryAgain();
  // Whether the job still waits for TryAgain: until then it must not start.
  bool IsLeft(const std::string& job);

 private:
  // What was done about the job, "" for nothing. Errors that may pass leave it as it is.
  absl::StatusOr<std::string> Recover(const storage::Job& job);

  Context* const context_;
  Mutex mutex_;
  std::map<std::string, uint32_t> left_ ABSL_GUARDED_BY(mutex_);  // jobs, and the segment that the start found
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_KEEPING_RECOVERY_H_

#ifndef SUMSCOPE_SERVER_JOBS_KEEPING_HOUSEKEEPING_H_
#define SUMSCOPE_SERVER_JOBS_KEEPING_HOUSEKEEPING_H_

#include <string>
#include <vector>

#include "server/jobs/state/context.h"

namespace sumscope::jobs {

// Removes bytes that the catalog has forgotten, and ends the removal. What the catalog knows after all is left alone.
absl::Status CarryOut(Context* context, const storage::Removal& removal);

// Keeps a server that runs for years from growing without bound: forgets what is older than
// limits::kHistoryRetention of the history, limits::kAuditRetention of the audit and of tokens that have ended, and
// uploaded question sets that nothing has named for limits::kQuestionSetGrace; then removes from the files what the
// catalog has forgotten, and seals files of ended runs that could not be sealed at their end. What fails is tried again
// the next time. Confined to one thread at a time.
class Housekeeping {
 public:
  explicit Housekeeping(Context* context) : context_(context) {}

  // While nobody else works. Returns what it removed of an earlier server's unfinished removals, for people.
  std::vector<std::string> Start();
  // The same while others work, when limits::kHousekeepingInterval of Clock::Monotonic has passed since the last time.
  // Files of whole runs wait for the next start: here they may be those of an import under way. Known unsealed files
  // are tried at every call.
  void Tick();

 private:
  void Forget();
  std::vector<std::string> Sweep(bool runs_too);
  // Seals the files of those runs that have ended, unless another program has them open. Returns what it sealed.
  std::vector<std::string> SealEnded(const std::vector<std::string>& runs);
  std::vector<std::string> SealFound();

  Context* const context_;
  absl::Duration last_ = -absl::InfiniteDuration();
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_KEEPING_HOUSEKEEPING_H_

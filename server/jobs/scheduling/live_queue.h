#ifndef SUMSCOPE_SERVER_JOBS_SCHEDULING_LIVE_QUEUE_H_
#define SUMSCOPE_SERVER_JOBS_SCHEDULING_LIVE_QUEUE_H_

#include <map>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "proto/contract/base/mutex.h"
#include "server/jobs/scheduling/admission.h"
#include "server/jobs/scheduling/dispatcher.h"
#include "server/jobs/scheduling/policy/outlook/forecast.h"
#include "server/jobs/scheduling/queue.h"
#include "server/jobs/state/context.h"

namespace sumscope::jobs {

// The queue of the dispatcher, with how it is expected to go on. Thread-safe.
class LiveQueue final : public Queue {
 public:
  // All outlive it.
  LiveQueue(Context* context, Dispatcher* dispatcher, Admission* admission)
      : context_(context), dispatcher_(dispatcher), admission_(admission) {}

  std::shared_ptr<const QueueView> View() override;
  absl::Status Hold(const storage::Actor& actor, const std::string& job) override;
  absl::Status Release(const storage::Actor& actor, const std::string& job) override;
  absl::Status SetPriority(const storage::Actor& actor, const std::string& job, v1::Priority priority) override;
  absl::Status CheckPriority(const storage::Actor& actor, v1::Priority priority, size_t jobs) override {
    return admission_->CheckPriority(actor, priority, jobs);
  }

 private:
  std::shared_ptr<const QueueView> Make() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Of the forecast, or of the last one where that has just cost much and the queue is long.
  std::map<std::string, Expected> Foretell(const Forecast& forecast, size_t jobs) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Context* const context_;
  Dispatcher* const dispatcher_;
  Admission* const admission_;
  Mutex mutex_;  // held while a view is made: others wait for it, and take it
  std::shared_ptr<const QueueView> last_ ABSL_GUARDED_BY(mutex_);
  uint64_t changes_ ABSL_GUARDED_BY(mutex_) = 0;  // that the last one shows
  absl::Duration made_ ABSL_GUARDED_BY(mutex_) = -absl::InfiniteDuration();
  absl::Duration cost_ ABSL_GUARDED_BY(mutex_);  // of making it, without a forecast
  std::map<std::string, Expected> foretold_ ABSL_GUARDED_BY(mutex_);
  absl::Duration foretold_at_ ABSL_GUARDED_BY(mutex_) = -absl::InfiniteDuration();
  absl::Duration forecast_cost_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_SCHEDULING_LIVE_QUEUE_H_

#ifndef SUMSCOPE_SERVER_JOBS_STATE_RUN_LOCKS_H_
#define SUMSCOPE_SERVER_JOBS_STATE_RUN_LOCKS_H_

#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/base/mutex.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/names/resource_names.h"
#include "proto/contract/text/first_few.h"

namespace sumscope::jobs {

// One lock for each run, so that a run whose file is slow, or held by another program, makes nobody else wait.
// Thread-safe.
class RunLocks {
 public:
  // A few times what a holder may wait for its file.
  static constexpr std::chrono::seconds kMaxWait{20};

  // Holds the lock of `run` while it lives.
  class Held {
   public:
    // UNAVAILABLE STORAGE_BUSY after kMaxWait.
    static absl::StatusOr<std::unique_ptr<Held>> Take(RunLocks* locks, const std::string& run) {
      const auto deadline = std::chrono::steady_clock::now() + kMaxWait;
      MutexLock lock(&locks->mutex_);
      while (!locks->held_.insert(run).second) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
        if (left.count() <= 0) {
          return MakeError(absl::StatusCode::kUnavailable, "STORAGE_BUSY",
                           absl::StrCat("others have waited for the file of ", RunName(run), " for ", kMaxWait.count(),
                                        " s: another program may hold it; try again later"));
        }
        locks->changed_.WaitFor(&locks->mutex_, left);
      }
      return std::unique_ptr<Held>(new Held(locks, run));
    }
    ~Held() {
      MutexLock lock(&locks_->mutex_);
      locks_->held_.erase(run_);
      locks_->changed_.NotifyAll();
    }
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;

   private:
    Held(RunLocks* locks, std::string run) : locks_(locks), run_(std::move(run)) {}
    RunLocks* const locks_;
    const std::string run_;
  };

  // For logs and debuggers.
  std::string DebugString() {
    MutexLock lock(&mutex_);
    return "locks of " + FirstFew(held_);
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::set<std::string> held_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_STATE_RUN_LOCKS_H_

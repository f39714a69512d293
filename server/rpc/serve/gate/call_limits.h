#ifndef SUMSCOPE_SERVER_RPC_SERVE_GATE_CALL_LIMITS_H_
#define SUMSCOPE_SERVER_RPC_SERVE_GATE_CALL_LIMITS_H_

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/contract/base/clock.h"
#include "proto/contract/base/mutex.h"
#include "proto/contract/limits.h"
#include "server/auth/caller.h"
#include "server/rpc/serve/gate/token_bucket.h"

namespace sumscope::rpc {

// What one user may ask for, over all connections together.
struct UserLimits {
  double calls_per_second = limits::kUserCallsPerSecond;  // in the long run
  double burst = limits::kUserCallBurst;                  // calls at once, after a silence
  size_t streams = limits::kMaxUserStreams;               // open at once
  size_t uploads = limits::kMaxUserUploads;               // open at once
};

// Keeps each user within the limits, so that one program that runs wild takes nothing from others. Callers that are
// `unlimited` are not counted. Errors are RESOURCE_EXHAUSTED with RetryInfo and QuotaFailure. Thread-safe.
class CallLimits {
 public:
  // `clock` outlives it.
  CallLimits(const UserLimits& limits, Clock* clock) : limits_(limits), clock_(clock) {}

  // One call more, of whatever kind. TOO_MANY_CALLS.
  absl::Status Count(const auth::Caller& caller);

  enum class Lasting { kStream, kUpload };
  // The place of a call that lasts, given back by its destructor. Outlived by the limits.
  class Place {
   public:
    Place(CallLimits* limits, std::string user, Lasting kind) : limits_(limits), user_(std::move(user)), kind_(kind) {}
    ~Place() { limits_->Leave(user_, kind_); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

   private:
    CallLimits* const limits_;
    const std::string user_;
    const Lasting kind_;
  };
  // TOO_MANY_STREAMS, TOO_MANY_UPLOADS. Null for who is not counted.
  absl::StatusOr<std::unique_ptr<Place>> Enter(const auth::Caller& caller, Lasting kind);

 private:
  struct Account {
    TokenBucket calls;
    size_t streams = 0, uploads = 0;
  };
  Account& AccountOf(const std::string& user) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Forgets users who have nothing open and could call as often as one who is new.
  void ForgetQuiet() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Leave(const std::string& user, Lasting kind);

  const UserLimits limits_;
  Clock* const clock_;
  Mutex mutex_;
  std::map<std::string, Account> accounts_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_SERVE_GATE_CALL_LIMITS_H_

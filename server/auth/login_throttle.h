#ifndef SUMSCOPE_SERVER_AUTH_LOGIN_THROTTLE_H_
#define SUMSCOPE_SERVER_AUTH_LOGIN_THROTTLE_H_

#include <functional>
#include <list>
#include <map>
#include <string>
#include <unordered_map>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "proto/contract/base/clock.h"
#include "proto/contract/base/mutex.h"
#include "server/auth/peer.h"

namespace sumscope::auth {

// Slows down who tries to log in and fails. Failures are counted by where they come from; after limits::kFreeLogins of
// them each further answer waits, twice as long each time. Who shows a good credential never waits, wherever they are:
// a secret of 256 bits is not guessed, it is the server's time that is spared. What it remembers is bounded, and so are
// the threads that wait. Thread-safe.
class LoginThrottle {
 public:
  // Waits in the thread of the call.
  using Wait = std::function<void(absl::Duration)>;

  // The clock outlives it.
  LoginThrottle(Clock* clock, Wait wait) : clock_(clock), wait_(std::move(wait)) {}

  // A login from `origin` failed. Returns what its caller is told: `refusal`, after a wait, or RESOURCE_EXHAUSTED
  // TOO_MANY_LOGINS with RetryInfo at once, when as many wait already as may.
  absl::Status Refuse(const std::string& origin, absl::Status refusal);

  // Logins that failed from there, as far as it is remembered.
  int Failures(const std::string& origin);
  // "logins: 3 origins failed, 2 wait, most often uid 1001 (17 times)"
  std::string DebugString();

 private:
  struct Origin {
    std::string name;
    int failures = 0;
    absl::Duration last;  // monotonic
  };
  using Origins = std::list<Origin>;  // the longest silent first

  // Counts a failure, and says how long its answer waits.
  absl::Duration Count(const std::string& origin) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ForgetOld(absl::Duration now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Clock* const clock_;
  const Wait wait_;

  Mutex mutex_;
  Origins origins_ ABSL_GUARDED_BY(mutex_);
  std::unordered_map<std::string, Origins::iterator> by_name_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, int> waiting_ ABSL_GUARDED_BY(mutex_);  // calls, by origin
  int waiting_calls_ ABSL_GUARDED_BY(mutex_) = 0;
};

// Where a peer's failures are counted: "uid 1000" of the local socket, an address of IPv4, of IPv6 the network of 64
// bits, within which a machine takes addresses as it likes.
std::string LoginOrigin(const Peer& peer);

}  // namespace sumscope::auth

#endif  // SUMSCOPE_SERVER_AUTH_LOGIN_THROTTLE_H_

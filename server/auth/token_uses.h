#ifndef SUMSCOPE_SERVER_AUTH_TOKEN_USES_H_
#define SUMSCOPE_SERVER_AUTH_TOKEN_USES_H_

#include <map>
#include <string>
#include <thread>

#include "absl/time/time.h"
#include "proto/contract/base/clock.h"
#include "proto/contract/base/mutex.h"
#include "storage/catalog/catalog.h"

namespace sumscope::auth {

// Notes when tokens were last used, to the minute, in a thread of its own: no call waits for it, and none fails with
// it. Thread-safe.
class TokenUses {
 public:
  // Both outlive it.
  TokenUses(storage::Catalog* catalog, Clock* clock);
  // Notes what it was still told.
  ~TokenUses();
  TokenUses(const TokenUses&) = delete;
  TokenUses& operator=(const TokenUses&) = delete;

  // The token, as it was just read, is used.
  void Note(const storage::StoredToken& token);
  // Returns once what it was told before is in the catalog, or could not be written.
  void Flush();

 private:
  using Uses = std::map<std::string, absl::Time>;  // by token id

  void Run();
  void Write(const Uses& uses);

  storage::Catalog* const catalog_;
  Clock* const clock_;

  Mutex mutex_;
  CondVar changed_;
  Uses waiting_ ABSL_GUARDED_BY(mutex_);
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  // When a token was told last, so that one that cannot be written is not tried at each call. Monotonic time.
  std::map<std::string, absl::Duration> told_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;  // after all that it uses
};

}  // namespace sumscope::auth

#endif  // SUMSCOPE_SERVER_AUTH_TOKEN_USES_H_

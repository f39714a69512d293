#ifndef SUMSCOPE_SERVER_RPC_SERVE_TRANSFER_READ_TURNS_H_
#define SUMSCOPE_SERVER_RPC_SERVE_TRANSFER_READ_TURNS_H_

#include <chrono>
#include <cstddef>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "proto/contract/base/mutex.h"

namespace sumscope::rpc {

// Lets a few downloads at a time read: one that reads holds each chunk in SQLite and as a copy of it, and fifty that
// began together held 60 MB so. A disk is no faster for more. Thread-safe.
class ReadTurns {
 public:
  // At most `readers` read at once, and one waits for its turn at most `patience`.
  ReadTurns(size_t readers, std::chrono::milliseconds patience) : readers_(readers), patience_(patience) {}

  // What `read` returns, once it has its turn; UNAVAILABLE STORAGE_BUSY with RetryInfo when that does not come;
  // CANCELLED once `gone` says that nobody wants it, seen within a second. `read` takes no turn.
  absl::StatusOr<std::string> Read(absl::FunctionRef<bool()> gone,
                                   absl::FunctionRef<absl::StatusOr<std::string>()> read) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  absl::Status Begin(absl::FunctionRef<bool()> gone) ABSL_LOCKS_EXCLUDED(mutex_);
  void End() ABSL_LOCKS_EXCLUDED(mutex_);

  const size_t readers_;
  const std::chrono::milliseconds patience_;
  Mutex mutex_;
  CondVar changed_;
  size_t reading_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_SERVE_TRANSFER_READ_TURNS_H_

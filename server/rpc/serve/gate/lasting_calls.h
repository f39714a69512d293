#ifndef SUMSCOPE_SERVER_RPC_SERVE_GATE_LASTING_CALLS_H_
#define SUMSCOPE_SERVER_RPC_SERVE_GATE_LASTING_CALLS_H_

#include <map>
#include <memory>

#include "absl/status/status.h"
#include "proto/contract/base/mutex.h"
#include "server/auth/authenticator.h"
#include "server/auth/caller.h"

struct grpc_call;

namespace sumscope::rpc {

// The streams and uploads that are open, and whose they are: who may come in no longer, or do as much, is put out also
// there. Thread-safe.
class LastingCalls {
 public:
  // `authenticator` outlives it.
  explicit LastingCalls(auth::Authenticator* authenticator) : authenticator_(authenticator) {}

  // A call while it is open. Outlived by the calls.
  class Entry {
   public:
    Entry(LastingCalls* calls, auth::Caller caller, grpc_call* call);
    ~Entry();
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
    // Why it was ended; OK where it was not.
    absl::Status verdict() const;

   private:
    friend class LastingCalls;
    LastingCalls* const calls_;
    const auth::Caller caller_;
    grpc_call* const call_;
  };
  // `call` is alive as long as the entry; null in tests of what is not about gRPC.
  std::unique_ptr<Entry> Add(auth::Caller caller, grpc_call* call);

  // Cancels the calls of those whom Authenticator::Recheck refuses, with its code and a text that begins with its
  // reason: gRPC carries no details with it. To be called every second or so; asks once for all calls of one caller.
  void EndRefused();

 private:
  auth::Authenticator* const authenticator_;
  mutable Mutex mutex_;
  std::map<const Entry*, absl::Status> verdicts_ ABSL_GUARDED_BY(mutex_);  // of every open call; OK: it goes on
};

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_SERVE_GATE_LASTING_CALLS_H_

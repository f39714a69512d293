#ifndef SUMSCOPE_SERVER_RPC_SERVE_CALL_TIMES_H_
#define SUMSCOPE_SERVER_RPC_SERVE_CALL_TIMES_H_

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "proto/contract/base/mutex.h"
#include "sumscope/v1/system.pb.h"

namespace sumscope::rpc {

// How long unary calls took in this server, by method: from the moment a thread takes a call to its answer, without
// the way there and back and a wait for that thread. Buckets that grow by a tenth, so that a quantile is at most a
// tenth too high. Thread-safe.
class CallTimes {
 public:
  void Record(const std::string& method, absl::Duration took, bool failed);
  // Every method that was called, in the order of their names.
  std::vector<v1::MethodTimes> Describe() const;

 private:
  static constexpr int kBuckets = 200;  // the first is 10 us, the last half an hour
  struct Times {
    std::array<uint32_t, kBuckets> counts = {};
    uint32_t calls = 0, errors = 0;
    absl::Duration longest;
  };
  // In milliseconds.
  static double Quantile(const Times& times, double share);

  mutable Mutex mutex_;
  std::map<std::string, Times> methods_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_SERVE_CALL_TIMES_H_

#ifndef SUMSCOPE_SERVER_RPC_SERVE_GATE_TOKEN_BUCKET_H_
#define SUMSCOPE_SERVER_RPC_SERVE_GATE_TOKEN_BUCKET_H_

#include <algorithm>

#include "absl/time/time.h"

namespace sumscope::rpc {

// So many at once, and so many a second in the long run. Times are monotonic. Thread-compatible.
class TokenBucket {
 public:
  // Full at `now`.
  TokenBucket(double size, double per_second, absl::Duration now)
      : size_(size), per_second_(per_second), tokens_(size), counted_(now) {}

  // Takes one; false where there is none.
  bool Take(absl::Duration now) {
    tokens_ = At(now);
    counted_ = now;
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }
  // From a Take that found none until there is one.
  absl::Duration Wait() const { return absl::Seconds((1 - tokens_) / per_second_); }
  bool IsFull(absl::Duration now) const { return At(now) >= size_; }

 private:
  double At(absl::Duration now) const {
    return std::min(size_, tokens_ + absl::ToDoubleSeconds(now - counted_) * per_second_);
  }

  double size_, per_second_;
  double tokens_;  // as of `counted_`
  absl::Duration counted_;
};

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_SERVE_GATE_TOKEN_BUCKET_H_

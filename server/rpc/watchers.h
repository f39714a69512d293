#ifndef SUMSCOPE_SERVER_RPC_WATCHERS_H_
#define SUMSCOPE_SERVER_RPC_WATCHERS_H_

#include <atomic>
#include <cstddef>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/errors.h"

namespace sumscope::rpc {

// Bounds the streams that wait for news; each holds a thread. Thread-safe.
class Watchers {
 public:
  explicit Watchers(size_t maximum) : maximum_(maximum) {}

  // One stream's place, given back by its destructor.
  class Seat {
   public:
    explicit Seat(Watchers* watchers) : watchers_(watchers) { ++watchers_->count_; }
    ~Seat() { --watchers_->count_; }
    Seat(const Seat&) = delete;
    Seat& operator=(const Seat&) = delete;

   private:
    Watchers* const watchers_;
  };
  // RESOURCE_EXHAUSTED TOO_MANY_WATCHERS.
  absl::StatusOr<std::unique_ptr<Seat>> Enter() {
    auto seat = std::make_unique<Seat>(this);
    if (count_ <= maximum_) return seat;
    return WithRetryAfter(MakeError(absl::StatusCode::kResourceExhausted, "TOO_MANY_WATCHERS",
                                    absl::StrCat("at most ", maximum_, " streams are served at once")),
                          absl::Seconds(5));
  }

 private:
  const size_t maximum_;
  std::atomic<size_t> count_{0};
};

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_WATCHERS_H_

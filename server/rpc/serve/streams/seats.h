#ifndef SUMSCOPE_SERVER_RPC_SERVE_STREAMS_SEATS_H_
#define SUMSCOPE_SERVER_RPC_SERVE_STREAMS_SEATS_H_

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "proto/contract/errors/errors.h"

namespace sumscope::rpc {

// Bounds the calls of one kind that last as long as their client likes; each holds a thread. Thread-safe.
class Seats {
 public:
  // `what` is the plural of what is counted; `reason` is that of the refusal.
  Seats(size_t maximum, std::string reason, std::string what)
      : maximum_(maximum), reason_(std::move(reason)), what_(std::move(what)) {}

  // One call's place, given back by its destructor.
  class Seat {
   public:
    explicit Seat(Seats* seats) : seats_(seats) { ++seats_->count_; }
    ~Seat() { --seats_->count_; }
    Seat(const Seat&) = delete;
    Seat& operator=(const Seat&) = delete;

   private:
    Seats* const seats_;
  };
  // RESOURCE_EXHAUSTED with the reason of these seats, and a time after which to try again.
  absl::StatusOr<std::unique_ptr<Seat>> Enter() {
    auto seat = std::make_unique<Seat>(this);
    if (count_ <= maximum_) return seat;
    return Refusal(maximum_, "");
  }
  // That refusal, of a part of the seats that takes `maximum` and is what `whose` says.
  absl::Status Refusal(size_t maximum, absl::string_view whose) const {
    return WithRetryAfter(MakeError(absl::StatusCode::kResourceExhausted, reason_,
                                    absl::StrCat("at most ", maximum, " ", what_, whose, " are served at once")),
                          absl::Seconds(5));
  }

 private:
  const size_t maximum_;
  const std::string reason_, what_;
  std::atomic<size_t> count_{0};
};

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_SERVE_STREAMS_SEATS_H_

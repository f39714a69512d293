#include "client/connection/unary/retry_stub.h"

#include <algorithm>
#include <utility>

namespace sumscope::client {

RetryStub::RetryStub(std::unique_ptr<UnaryStub> next, ServerChannel* channel, Sleeper* sleeper,
                     Cancellation* cancellation)
    : next_(std::move(next)), channel_(channel), sleeper_(sleeper), cancellation_(cancellation) {}

absl::Status RetryStub::Call(const Method& method, const google::protobuf::MessageLite& request,
                             google::protobuf::MessageLite* response, absl::Time deadline) {
  const ConnectionOptions& options = channel_->options();
  Backoff backoff(sleeper_,
                  std::min(channel_->answered() ? options.call_patience : options.first_patience, options.timeout));
  while (true) {
    const absl::Time begun = sleeper_->Now();
    const absl::Status status = next_->Call(method, request, response, deadline);
    const bool lost = absl::IsUnavailable(status);
    if (!lost || channel_->hopeless() || method.repeat == Repeat::kNever || cancellation_->cancelled() ||
        !backoff.Wait(status, sleeper_->Now() - begun)) {
      return status;
    }
    channel_->Reconnect();
  }
}

}  // namespace sumscope::client

#include "client/connection/streams/stream_keeper.h"

#include <algorithm>
#include <optional>

#include "absl/time/clock.h"

namespace sumscope::client {
namespace {

// Whether something is connected to that says nothing for `timeout`. Where connecting failed the call tells it better.
bool StaysSilent(grpc::Channel& channel, absl::Duration timeout, const Cancellation& cancellation) {
  constexpr absl::Duration kLook = absl::Milliseconds(100);  // for Ctrl-C
  const absl::Time end = absl::Now() + timeout;
  while (!cancellation.cancelled()) {
    const grpc_connectivity_state state = channel.GetState(/*try_to_connect=*/true);
    if (state != GRPC_CHANNEL_IDLE && state != GRPC_CHANNEL_CONNECTING) return false;
    const absl::Time now = absl::Now();
    if (now >= end) return true;
    channel.WaitForStateChange(state, absl::ToChronoTime(std::min(end, now + kLook)));
  }
  return false;
}

}  // namespace

StreamKeeper::StreamKeeper(ServerChannel* channel, Sleeper* sleeper, Cancellation* cancellation)
    : channel_(channel), sleeper_(sleeper), cancellation_(cancellation), on_reconnect_([](const absl::Status&) {}) {}

absl::Status StreamKeeper::Keep(const std::function<absl::Status(bool* moved)>& attempt) {
  const ConnectionOptions& options = channel_->options();
  std::optional<Backoff> backoff;
  while (true) {
    bool moved = false;
    // A stream may be quiet for hours; only connecting is held to the timeout, and takes of the patience.
    const absl::Time begun = sleeper_->Now();
    const bool silent = StaysSilent(*channel_->current(), options.timeout, *cancellation_);
    const absl::Duration connecting = sleeper_->Now() - begun;
    if (silent && !channel_->answered()) return channel_->Explain(absl::DeadlineExceededError("not connected"));
    const absl::Status status = silent ? absl::UnavailableError("it does not answer") : attempt(&moved);
    if (moved || status.ok()) channel_->NoteAnswer();
    // Before an OK: a callback may refuse the end mark itself.
    if (!refused_.ok()) return std::exchange(refused_, absl::OkStatus());
    if (status.ok()) return status;
    if (cancellation_->cancelled() || !IsConnectionLoss(status)) return channel_->Explain(status);
    if (!backoff || moved) {
      backoff.emplace(sleeper_, channel_->answered() ? options.stream_patience : options.first_patience);
    }
    on_reconnect_(status);
    if (!backoff->Wait(status, connecting)) return channel_->Explain(status);
    channel_->Reconnect();
  }
}

}  // namespace sumscope::client

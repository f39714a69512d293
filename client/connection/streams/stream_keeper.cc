#include "client/connection/streams/stream_keeper.h"

#include <optional>

#include "absl/time/time.h"

namespace sumscope::client {

StreamKeeper::StreamKeeper(ServerChannel* channel, Sleeper* sleeper, Cancellation* cancellation)
    : channel_(channel), sleeper_(sleeper), cancellation_(cancellation), on_reconnect_([](const absl::Status&) {}) {}

absl::Status StreamKeeper::Keep(const std::function<absl::Status(bool* moved)>& attempt) {
  const ConnectionOptions& options = channel_->options();
  std::optional<Backoff> backoff;
  while (true) {
    bool moved = false;
    // A stream may be quiet for hours; only connecting is held to the timeout, and takes of the patience.
    const absl::Time begun = sleeper_->Now();
    absl::Status status = channel_->Connect(options.timeout);
    const absl::Duration connecting = sleeper_->Now() - begun;
    if (channel_->hopeless()) return channel_->Explain(status);
    if (status.ok()) {
      status = attempt(&moved);
    } else if (absl::IsDeadlineExceeded(status) && channel_->answered()) {
      status = absl::UnavailableError("it does not answer");
    }
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

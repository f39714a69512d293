#include "server/rpc/serve/streams/tick.h"

#include <algorithm>
#include <chrono>

#include "proto/contract/errors/errors.h"

namespace sumscope::rpc {
namespace {

constexpr std::chrono::milliseconds kTickLiveness{1000};  // how often it looks whether its client is still there
constexpr char kNoRun[] = "";                             // what no run is called: only the hub's end wakes

}  // namespace

absl::Status WaitForTick(jobs::EventHub* hub, grpc::ServerContext* context, absl::Duration duration) {
  using std::chrono::steady_clock;
  const auto end = steady_clock::now() + absl::ToChronoMilliseconds(duration);
  while (true) {
    if (hub->closed()) {
      return WithRetryAfter(
          MakeError(absl::StatusCode::kUnavailable, "DRAINING", "the server is stopping; watch again in a moment"),
          absl::Seconds(2));
    }
    if (context->IsCancelled()) return absl::CancelledError("the client went away");
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - steady_clock::now());
    if (left <= left.zero()) return absl::OkStatus();
    hub->WaitForChange(kNoRun, hub->Version(kNoRun), std::min(left, kTickLiveness));
  }
}

}  // namespace sumscope::rpc

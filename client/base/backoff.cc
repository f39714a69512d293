#include "client/base/backoff.h"

#include <algorithm>
#include <string>

#include "google/rpc/error_details.pb.h"
#include "proto/contract/base/back_off.h"

namespace sumscope::client {
namespace {

constexpr absl::Duration kFirstDelay = absl::Milliseconds(100);
constexpr absl::Duration kMaxDelay = absl::Seconds(5);

}  // namespace

absl::Duration RetryDelay(const absl::Status& status) {
  const auto payload = status.GetPayload("type.googleapis.com/google.rpc.RetryInfo");
  google::rpc::RetryInfo retry;
  if (!payload || !retry.ParseFromString(std::string(*payload))) return absl::ZeroDuration();
  const absl::Duration delay =
      absl::Seconds(retry.retry_delay().seconds()) + absl::Nanoseconds(retry.retry_delay().nanos());
  return std::clamp(delay, absl::ZeroDuration(), absl::Seconds(60));
}

bool Backoff::Wait(const absl::Status& status, absl::Duration took) {
  spent_ += std::max(took, absl::ZeroDuration());
  const absl::Duration delay = std::max(RetryDelay(status), BackOffDelay(attempts_ + 1, kFirstDelay, kMaxDelay));
  if (spent_ + delay > patience_) return false;
  ++attempts_;
  spent_ += delay;
  sleeper_->Sleep(delay);
  return true;
}

}  // namespace sumscope::client

// The streams of Connection: each goes on where it broke.
#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/connection/connection_stubs.h"
#include "google/protobuf/util/time_util.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/names/states.h"

namespace sumscope::client {
namespace {

// A stream that ended well but without its end mark: as good as a lost one.
absl::Status EndedEarly() { return absl::UnavailableError("the stream ended before its end mark"); }

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

absl::Status Connection::KeepStreaming(const std::function<absl::Status(bool* moved)>& attempt) {
  std::optional<Backoff> backoff;
  while (true) {
    bool moved = false;
    // A stream may be quiet for hours; only connecting is held to the timeout, and takes of the patience.
    const absl::Time begun = sleeper_->Now();
    const bool silent = StaysSilent(*stubs_->channel, options_.timeout, *cancellation_);
    const absl::Duration connecting = sleeper_->Now() - begun;
    if (silent && !answered_) return Explain(absl::DeadlineExceededError("not connected"));
    const absl::Status status = silent ? absl::UnavailableError("it does not answer") : attempt(&moved);
    answered_ = answered_ || moved || status.ok();
    if (status.ok()) return status;
    if (!refused_.ok()) return std::exchange(refused_, absl::OkStatus());
    if (cancellation_->cancelled() || !IsConnectionLoss(status)) return Explain(status);
    if (!backoff || moved) backoff.emplace(sleeper_, answered_ ? options_.stream_patience : options_.first_patience);
    on_reconnect_(status);
    if (!backoff->Wait(status, connecting)) return Explain(status);
    Reconnect();
  }
}

absl::StatusOr<v1::Run> Connection::WatchRun(const std::string& name,
                                             const std::function<absl::Status(const v1::WatchRunResponse&)>& on_event) {
  using google::protobuf::util::TimeUtil;
  v1::WatchRunRequest request;
  request.set_name(name);
  std::optional<v1::Run> end;
  int64_t seen_nanoseconds = 0;  // of the last event
  bool replaying = false;        // after an expired token: what comes again is skipped
  const auto on_message = [&](const v1::WatchRunResponse& response) -> absl::Status {
    if (response.has_end()) end = response.end();
    if (!response.resume_token().empty()) {
      request.set_resume_token(response.resume_token());
      const int64_t nanoseconds = TimeUtil::TimestampToNanoseconds(response.time());
      if (replaying && nanoseconds <= seen_nanoseconds) return absl::OkStatus();
      seen_nanoseconds = nanoseconds;
    }
    return on_event(response);
  };
  const auto attempt = [&](bool* moved) -> absl::Status {
    const absl::Status status = ReadStream<v1::WatchRunResponse>(
        [&](Stubs& stubs, grpc::ClientContext* context) { return stubs.runs->WatchRun(context, request); }, on_message,
        moved);
    if (end) return absl::OkStatus();
    if (ErrorReason(status) == "RESUME_TOKEN_EXPIRED" && !request.resume_token().empty()) {
      SUMSCOPE_ASSIGN_OR_RETURN(v1::Run run, GetRun(name));
      if (IsTerminal(run.state())) {
        end = std::move(run);
        return absl::OkStatus();
      }
      request.clear_resume_token();
      replaying = true;
      return absl::UnavailableError("the event log went past this watch");
    }
    return status.ok() ? EndedEarly() : status;
  };
  SUMSCOPE_RETURN_IF_ERROR(KeepStreaming(attempt));
  return *std::move(end);
}

absl::Status Connection::StreamMetrics(v1::StreamMetricsRequest request,
                                       const std::function<absl::Status(const v1::MetricBlock&)>& on_block) {
  const auto on_message = [&](const v1::MetricBlock& block) -> absl::Status {
    const uint64_t expected = request.first_step();
    const size_t columns = block.columns_size();
    if (columns == 0 || static_cast<size_t>(block.values_size()) != columns * block.count()) {
      return MakeError(absl::StatusCode::kDataLoss, "METRICS_MALFORMED", "the server sent a block of the wrong size");
    }
    if (block.first_step() > expected) {
      return MakeError(absl::StatusCode::kDataLoss, "METRICS_GAP",
                       absl::StrCat("the server left out steps ", expected, " to ", block.first_step() - 1));
    }
    const uint64_t known = expected - block.first_step();  // rows that came before
    if (known >= block.count()) return absl::OkStatus();
    request.set_first_step(block.first_step() + block.count());
    if (known == 0) return on_block(block);
    v1::MetricBlock rest = block;
    rest.set_first_step(expected);
    rest.set_count(static_cast<uint32_t>(block.count() - known));
    rest.mutable_values()->erase(rest.values().begin(), rest.values().begin() + known * columns);
    return on_block(rest);
  };
  return KeepStreaming([&](bool* moved) {
    return ReadStream<v1::MetricBlock>(
        [&](Stubs& stubs, grpc::ClientContext* context) { return stubs.runs->StreamMetrics(context, request); },
        on_message, moved);
  });
}

absl::StatusOr<v1::Analysis> Connection::WatchAnalysis(
    const std::string& name, const std::function<absl::Status(const v1::Analysis&)>& on_change) {
  v1::WatchAnalysisRequest request;
  request.set_name(name);
  v1::Analysis last;
  const auto on_message = [&](const v1::Analysis& analysis) {
    last = analysis;
    return on_change(analysis);
  };
  const auto attempt = [&](bool* moved) {
    const absl::Status status = ReadStream<v1::Analysis>(
        [&](Stubs& stubs, grpc::ClientContext* context) { return stubs.analyses->WatchAnalysis(context, request); },
        on_message, moved);
    if (IsTerminal(last.state())) return absl::OkStatus();
    return status.ok() ? EndedEarly() : status;
  };
  SUMSCOPE_RETURN_IF_ERROR(KeepStreaming(attempt));
  return last;
}

}  // namespace sumscope::client

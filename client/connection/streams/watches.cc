#include "client/connection/streams/watches.h"

#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/time_util.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/names/states.h"
#include "sumscope/v1/analyses.grpc.pb.h"
#include "sumscope/v1/queue.grpc.pb.h"
#include "sumscope/v1/runs.grpc.pb.h"
#include "sumscope/v1/sweeps.grpc.pb.h"

namespace sumscope::client::streams {

absl::StatusOr<v1::Run> WatchRun(const std::string& name,
                                 const std::function<absl::StatusOr<v1::Run>(const std::string&)>& get_run,
                                 const std::function<absl::Status(const v1::WatchRunResponse&)>& on_event,
                                 StreamKeeper* keeper) {
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
    const absl::Status status = keeper->Read<v1::WatchRunResponse>(
        [&request](const std::shared_ptr<grpc::Channel>& channel, grpc::ClientContext* context) {
          return v1::RunService::NewStub(channel)->WatchRun(context, request);
        },
        on_message, moved);
    if (end) return absl::OkStatus();
    if (ErrorReason(status) == "RESUME_TOKEN_EXPIRED" && !request.resume_token().empty()) {
      SUMSCOPE_ASSIGN_OR_RETURN(v1::Run run, get_run(name));
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
  SUMSCOPE_RETURN_IF_ERROR(keeper->Keep(attempt));
  return *std::move(end);
}

absl::Status StreamMetrics(v1::StreamMetricsRequest request,
                           const std::function<absl::Status(const v1::MetricBlock&)>& on_block, StreamKeeper* keeper) {
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
  return keeper->Keep([&](bool* moved) {
    return keeper->Read<v1::MetricBlock>(
        [&request](const std::shared_ptr<grpc::Channel>& channel, grpc::ClientContext* context) {
          return v1::RunService::NewStub(channel)->StreamMetrics(context, request);
        },
        on_message, moved);
  });
}

absl::StatusOr<v1::Analysis> WatchAnalysis(const std::string& name,
                                           const std::function<absl::Status(const v1::Analysis&)>& on_change,
                                           StreamKeeper* keeper) {
  v1::WatchAnalysisRequest request;
  request.set_name(name);
  v1::Analysis last;
  const auto on_message = [&](const v1::Analysis& analysis) {
    last = analysis;
    return on_change(analysis);
  };
  const auto attempt = [&](bool* moved) {
    const absl::Status status = keeper->Read<v1::Analysis>(
        [&request](const std::shared_ptr<grpc::Channel>& channel, grpc::ClientContext* context) {
          return v1::AnalysisService::NewStub(channel)->WatchAnalysis(context, request);
        },
        on_message, moved);
    if (IsTerminal(last.state())) return absl::OkStatus();
    return status.ok() ? EndedEarly() : status;
  };
  SUMSCOPE_RETURN_IF_ERROR(keeper->Keep(attempt));
  return last;
}

absl::StatusOr<v1::Sweep> WatchSweep(const std::string& name,
                                     const std::function<absl::Status(const v1::Sweep&)>& on_change,
                                     StreamKeeper* keeper) {
  v1::WatchSweepRequest request;
  request.set_name(name);
  v1::Sweep last;
  const auto on_message = [&](const v1::Sweep& sweep) {
    last = sweep;
    return on_change(sweep);
  };
  const auto attempt = [&](bool* moved) {
    const absl::Status status = keeper->Read<v1::Sweep>(
        [&request](const std::shared_ptr<grpc::Channel>& channel, grpc::ClientContext* context) {
          return v1::SweepService::NewStub(channel)->WatchSweep(context, request);
        },
        on_message, moved);
    // One that is cancelled is told so while its last runs still stop.
    const bool ended = last.state() != v1::SWEEP_STATE_UNSPECIFIED && last.state() != v1::SWEEP_RUNNING;
    return status.ok() && !ended ? EndedEarly() : status;
  };
  SUMSCOPE_RETURN_IF_ERROR(keeper->Keep(attempt));
  return last;
}

absl::Status WatchDevices(absl::Duration interval,
                          const std::function<absl::Status(const v1::ListDevicesResponse&)>& on_look,
                          StreamKeeper* keeper) {
  v1::WatchDevicesRequest request;
  *request.mutable_interval() =
      google::protobuf::util::TimeUtil::MillisecondsToDuration(absl::ToInt64Milliseconds(interval));
  return keeper->Keep([&](bool* moved) {
    const absl::Status status = keeper->Read<v1::ListDevicesResponse>(
        [&request](const std::shared_ptr<grpc::Channel>& channel, grpc::ClientContext* context) {
          return v1::DeviceService::NewStub(channel)->WatchDevices(context, request);
        },
        on_look, moved);
    return status.ok() ? EndedEarly() : status;
  });
}

}  // namespace sumscope::client::streams

// Watches, metrics and logs of RunService.
#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/names/resource_names.h"
#include "proto/contract/names/states.h"
#include "server/rpc/runs/asked_spec.h"
#include "server/rpc/runs/run_messages.h"
#include "server/rpc/runs/run_service.h"
#include "server/rpc/runs/run_watch.h"
#include "server/rpc/serve/requests.h"
#include "server/rpc/serve/resolve_run.h"

namespace sumscope::rpc {
namespace {

// How often a quiet stream looks whether its client is still there.
constexpr std::chrono::milliseconds kLiveness{1000};
// Progress is sent at most this often.
constexpr absl::Duration kProgressInterval = absl::Milliseconds(200);

absl::Status ClientGone() { return absl::CancelledError("the client went away"); }

absl::Status Draining() {
  return WithRetryAfter(MakeError(absl::StatusCode::kUnavailable, "DRAINING",
                                  "the server is stopping; try again in a moment, streams go on from their token"),
                        absl::Seconds(2));
}

storage::Series SeriesOf(v1::MetricSeries series) {
  return series == v1::TIMING ? storage::Series::kTiming : storage::Series::kDeterministic;
}

}  // namespace

absl::Status RunService::Watch(const auth::Caller& caller, grpc::ServerContext* context,
                               const v1::WatchRunRequest& request, grpc::ServerWriter<v1::WatchRunResponse>* writer) {
  SUMSCOPE_ASSIGN_OR_RETURN(const auto seat, backend_.watchers->Enter());
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run run, ResolveRun(backend_, caller, request.name()));
  WatchToken token;
  SUMSCOPE_RETURN_IF_ERROR(backend_.catalog->Read([&](storage::CatalogReader& reader) -> absl::Status {
    SUMSCOPE_ASSIGN_OR_RETURN(token, WatchToken::Parse(reader.token_seal(), request.resume_token()));
    return absl::OkStatus();
  }));
  const std::string id = IdOf(run.name());
  RunWatch watch(backend_, caller.viewer(), id, token);
  uint64_t shown_step = UINT64_MAX;
  absl::Time shown_at = absl::InfinitePast();
  while (true) {
    const uint64_t version = backend_.hub->Version(id);
    std::unique_ptr<v1::Run> ended;
    bool moved = false;  // also past events that this watch does not show
    SUMSCOPE_ASSIGN_OR_RETURN(const std::vector<v1::WatchRunResponse> responses, watch.Next(&moved, &ended));
    for (const v1::WatchRunResponse& response : responses) {
      if (!writer->Write(response)) return ClientGone();
    }
    if (ended != nullptr) {
      v1::WatchRunResponse end;
      *end.mutable_end() = *std::move(ended);
      return writer->Write(end) ? absl::OkStatus() : ClientGone();
    }
    if (moved) continue;

    v1::Progress progress;
    if (backend_.hub->GetProgress(id, &progress) && progress.step() != shown_step &&
        absl::Now() - shown_at >= kProgressInterval) {
      v1::WatchRunResponse response;
      *response.mutable_progress() = progress;
      if (!writer->Write(response)) return ClientGone();
      shown_step = progress.step();
      shown_at = absl::Now();
    }
    if (backend_.hub->closed()) return Draining();
    if (context->IsCancelled()) return ClientGone();
    backend_.hub->WaitForChange(id, version, kLiveness);
  }
}

grpc::Status RunService::WatchRun(grpc::ServerContext* context, const v1::WatchRunRequest* request,
                                  grpc::ServerWriter<v1::WatchRunResponse>* writer) {
  return road_.Streaming(context, request,
                         [&](const auth::Caller& caller) { return Watch(caller, context, *request, writer); });
}

absl::Status RunService::Stream(const auth::Caller& caller, grpc::ServerContext* context,
                                const v1::StreamMetricsRequest& request, grpc::ServerWriter<v1::MetricBlock>* writer) {
  SUMSCOPE_ASSIGN_OR_RETURN(const auto seat, (request.follow() ? backend_.watchers : backend_.downloads)->Enter());
  SUMSCOPE_ASSIGN_OR_RETURN(v1::Run run, ResolveRun(backend_, caller, request.name()));
  const std::string id = IdOf(run.name());
  uint64_t next = request.first_step();
  while (true) {
    const uint64_t version = backend_.hub->Version(id);
    // Read before the metrics: a run that is over here has all of them stored.
    SUMSCOPE_ASSIGN_OR_RETURN(run, ResolveRun(backend_, caller, RunName(id)));
    SUMSCOPE_ASSIGN_OR_RETURN(const auto file, FileOf(backend_, run));
    while (file != nullptr) {
      SUMSCOPE_ASSIGN_OR_RETURN(const v1::MetricBlock block,
                                file->ReadMetrics(SeriesOf(request.series()), next, limits::kMetricBlockSteps));
      if (block.count() == 0) break;
      if (!writer->Write(block)) return ClientGone();
      next = block.first_step() + block.count();
    }
    if (!request.follow() || IsTerminal(run.state())) return absl::OkStatus();
    if (backend_.hub->closed()) return Draining();
    if (context->IsCancelled()) return ClientGone();
    backend_.hub->WaitForChange(id, version, kLiveness);
  }
}

grpc::Status RunService::StreamMetrics(grpc::ServerContext* context, const v1::StreamMetricsRequest* request,
                                       grpc::ServerWriter<v1::MetricBlock>* writer) {
  return road_.Streaming(context, request,
                         [&](const auth::Caller& caller) { return Stream(caller, context, *request, writer); });
}

grpc::Status RunService::ListMetrics(grpc::ServerContext* context, const v1::ListMetricsRequest* request,
                                     v1::ListMetricsResponse* response) {
  const auto list = [&](const auth::Caller& caller) -> absl::StatusOr<v1::ListMetricsResponse> {
    SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run run, ResolveRun(backend_, caller, request->name()));
    SUMSCOPE_ASSIGN_OR_RETURN(const uint32_t size,
                              PageSize(request->page_size(), limits::kDefaultMetricPage, limits::kMaxMetricPage));
    uint64_t first = request->first_step();
    if (!request->page_token().empty() && !absl::SimpleAtoi(request->page_token(), &first)) {
      return InvalidField("PAGE_TOKEN_INVALID", "page_token", "page_token is not one that ListMetrics gave");
    }
    SUMSCOPE_ASSIGN_OR_RETURN(const auto file, FileOf(backend_, run));
    v1::ListMetricsResponse metrics;
    if (file == nullptr) return metrics;
    const storage::Series series = SeriesOf(request->series());
    SUMSCOPE_ASSIGN_OR_RETURN(*metrics.mutable_block(), file->ReadMetrics(series, first, size));
    SUMSCOPE_ASSIGN_OR_RETURN(const uint64_t steps, file->MetricSteps(series));
    const uint64_t next = metrics.block().first_step() + metrics.block().count();
    if (metrics.block().count() > 0 && next < steps) metrics.set_next_page_token(absl::StrCat(next));
    return metrics;
  };
  return road_.Unary(context, request, response, list);
}

grpc::Status RunService::ListLogs(grpc::ServerContext* context, const v1::ListLogsRequest* request,
                                  v1::ListLogsResponse* response) {
  const auto list = [&](const auth::Caller& caller) -> absl::StatusOr<v1::ListLogsResponse> {
    SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run run, ResolveRun(backend_, caller, request->name()));
    SUMSCOPE_ASSIGN_OR_RETURN(const uint32_t size, PageSize(request->page_size(), limits::kMaxPageSize));
    SUMSCOPE_ASSIGN_OR_RETURN(const auto file, FileOf(backend_, run));
    v1::ListLogsResponse log;
    if (file == nullptr) return log;
    SUMSCOPE_ASSIGN_OR_RETURN(const std::vector<storage::LogEntry> entries,
                              file->ListLog(request->after_sequence(), static_cast<int>(size) + 1));
    size_t bytes = 0;
    for (const storage::LogEntry& entry : entries) {
      bytes += entry.text.size();
      if (log.lines_size() == static_cast<int>(size) || bytes > limits::kMaxPageBytes) {
        log.set_more(true);
        break;
      }
      *log.add_lines() = ToLogLine(entry);
    }
    return log;
  };
  return road_.Unary(context, request, response, list);
}

}  // namespace sumscope::rpc

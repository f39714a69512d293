#include "client/connection/connection.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/connection/connection_stubs.h"
#include "proto/contract/base/random_ids.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/limits.h"
#include "proto/contract/process/grpc_address.h"

namespace sumscope::client {
namespace {

// What only another kind of server, or a proxy, says: each error of a Sumscope server has a reason, and where it is not
// there, UNAVAILABLE says so.
bool IsForeign(const absl::Status& status) {
  if (!ErrorReason(status).empty()) return false;
  switch (status.code()) {
    case absl::StatusCode::kUnimplemented:
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
      return true;
    case absl::StatusCode::kUnavailable:
      return absl::StrContains(status.message(), "http1.x server") ||
             absl::StrContains(status.message(), "Failed parsing HTTP/2");
    default:
      return absl::StrContains(status.message(), "http2 header with status");
  }
}

std::shared_ptr<grpc::Channel> MakeChannel(const ConnectionOptions& options) {
  constexpr absl::Duration kLeastConnecting = absl::Seconds(20);  // gRPC's own
  const std::string& address = options.address;
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(limits::kMaxMessageBytes);
  // A fresh channel connects at once instead of sharing an older one's waiting time.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  // What lies in the environment for web browsers does not decide how a server is reached.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  // A call ends by its own timeout where something listens and says nothing: no attempt to connect ends before it.
  const absl::Duration connecting = std::max(options.timeout, kLeastConnecting) + absl::Seconds(1);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, static_cast<int>(absl::ToInt64Milliseconds(connecting)));
  if (!absl::StartsWith(address, "unix:")) {
    // Notices a host that vanished; more often than every 5 minutes servers refuse.
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 360'000);
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  }
  return grpc::CreateCustomChannel(GrpcAddress(address), grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace

Connection::Stubs::Stubs(const ConnectionOptions& options)
    : channel(MakeChannel(options)),
      runs(v1::RunService::NewStub(channel)),
      analyses(v1::AnalysisService::NewStub(channel)),
      question_sets(v1::QuestionSetService::NewStub(channel)),
      captures(v1::CaptureService::NewStub(channel)),
      facts(v1::FactService::NewStub(channel)),
      system(v1::SystemService::NewStub(channel)) {}

Connection::Connection(ConnectionOptions options, Sleeper* sleeper, Cancellation* cancellation)
    : options_(std::move(options)),
      sleeper_(sleeper),
      cancellation_(cancellation),
      on_reconnect_([](const absl::Status&) {}),
      stubs_(std::make_unique<Stubs>(options_)) {}

Connection::~Connection() = default;

void Connection::Reconnect() { stubs_ = std::make_unique<Stubs>(options_); }

absl::Status Connection::Explain(const absl::Status& status) const {
  if (cancellation_->cancelled()) return absl::CancelledError("interrupted");
  const bool connected = stubs_->channel->GetState(/*try_to_connect=*/false) == GRPC_CHANNEL_READY;
  if (absl::IsDeadlineExceeded(status) && ErrorReason(status).empty() && !connected) {
    const bool local = absl::StartsWith(options_.address, "unix:");
    return MakeError(
        absl::StatusCode::kDeadlineExceeded, "SERVER_SILENT",
        absl::StrCat(local ? "something listens at " : "nothing was heard from ", options_.address,
                     local ? " and did not answer within " : " within ", absl::FormatDuration(options_.timeout),
                     ": a server that is stopped or overloaded, ", local ? "" : "a host that is not reached, ",
                     "or no Sumscope server. Look at it there, or name another with --server unix:/path "
                     "or host:port."));
  }
  if (absl::IsDeadlineExceeded(status) && ErrorReason(status).empty()) {
    return MakeError(absl::StatusCode::kDeadlineExceeded, "CALL_TIMED_OUT",
                     absl::StrCat("the server at ", options_.address, " did not answer within ",
                                  absl::FormatDuration(options_.timeout), "; a longer wait: --timeout 120"));
  }
  if (IsForeign(status)) {
    return MakeError(
        absl::StatusCode::kUnavailable, "NOT_A_SUMSCOPE_SERVER",
        absl::StrCat("what answers at ", options_.address, " is no Sumscope server, or one of another version (",
                     status.message().empty() ? absl::StatusCodeToString(status.code()) : std::string(status.message()),
                     "). Name another with --server unix:/path or host:port."));
  }
  if (!IsConnectionLoss(status) || !ErrorReason(status).empty()) {
    if (!status.message().empty() || !ErrorReason(status).empty()) return status;
    return MakeError(status.code(), "NO_REASON_GIVEN",
                     absl::StrCat("the server at ", options_.address, " refused the call as ",
                                  absl::StatusCodeToString(status.code()), " and gave no reason"));
  }
  const bool reached = answered_ || connected;
  return MakeError(
      absl::StatusCode::kUnavailable, "SERVER_UNREACHABLE",
      absl::StrCat(reached ? "lost the server at " : "no server answers at ", options_.address, " (",
                   status.message().empty() ? absl::StatusCodeToString(status.code()) : std::string(status.message()),
                   "). ",
                   reached ? "Nothing that it acknowledged is lost: try again when it is back."
                           : "Start one with `sumscoped`, or name another with --server unix:/path or host:port."));
}

absl::StatusOr<v1::Run> Connection::CreateRun(v1::CreateRunRequest request) {
  if (request.request_id().empty()) request.set_request_id(IdSource::Real()->NewUuid());
  return Call(Repeat::kYes, &Stubs::runs, &v1::RunService::Stub::CreateRun, request);
}

absl::StatusOr<v1::Run> Connection::GetRun(const std::string& name) {
  v1::GetRunRequest request;
  request.set_name(name);
  return Call(Repeat::kYes, &Stubs::runs, &v1::RunService::Stub::GetRun, request);
}

absl::StatusOr<v1::ListRunsResponse> Connection::ListRuns(const v1::ListRunsRequest& request) {
  return Call(Repeat::kYes, &Stubs::runs, &v1::RunService::Stub::ListRuns, request);
}

absl::StatusOr<v1::Run> Connection::UpdateRun(const v1::UpdateRunRequest& request) {
  return Call(Repeat::kYes, &Stubs::runs, &v1::RunService::Stub::UpdateRun, request);
}

absl::StatusOr<v1::Run> Connection::CancelRun(const std::string& name) {
  v1::CancelRunRequest request;
  request.set_name(name);
  return Call(Repeat::kNo, &Stubs::runs, &v1::RunService::Stub::CancelRun, request);
}

absl::StatusOr<v1::Run> Connection::ResumeRun(const std::string& name) {
  v1::ResumeRunRequest request;
  request.set_name(name);
  request.set_request_id(IdSource::Real()->NewUuid());
  return Call(Repeat::kYes, &Stubs::runs, &v1::RunService::Stub::ResumeRun, request);
}

absl::StatusOr<v1::Run> Connection::RetryRun(const std::string& name) {
  v1::RetryRunRequest request;
  request.set_name(name);
  request.set_request_id(IdSource::Real()->NewUuid());
  return Call(Repeat::kYes, &Stubs::runs, &v1::RunService::Stub::RetryRun, request);
}

absl::StatusOr<v1::Run> Connection::DeleteRun(const std::string& name) {
  v1::DeleteRunRequest request;
  request.set_name(name);
  return Call(Repeat::kNo, &Stubs::runs, &v1::RunService::Stub::DeleteRun, request);
}

absl::StatusOr<v1::Run> Connection::UndeleteRun(const std::string& name) {
  v1::UndeleteRunRequest request;
  request.set_name(name);
  return Call(Repeat::kNo, &Stubs::runs, &v1::RunService::Stub::UndeleteRun, request);
}

absl::StatusOr<v1::ListMetricsResponse> Connection::ListMetrics(const v1::ListMetricsRequest& request) {
  return Call(Repeat::kYes, &Stubs::runs, &v1::RunService::Stub::ListMetrics, request);
}

absl::StatusOr<v1::ListLogsResponse> Connection::ListLogs(const v1::ListLogsRequest& request) {
  return Call(Repeat::kYes, &Stubs::runs, &v1::RunService::Stub::ListLogs, request);
}

absl::StatusOr<v1::ListCheckpointsResponse> Connection::ListCheckpoints(const std::string& name) {
  v1::ListCheckpointsRequest request;
  request.set_name(name);
  return Call(Repeat::kYes, &Stubs::runs, &v1::RunService::Stub::ListCheckpoints, request);
}

absl::StatusOr<v1::CreateAnalysisResponse> Connection::CreateAnalysis(v1::CreateAnalysisRequest request) {
  if (request.request_id().empty()) request.set_request_id(IdSource::Real()->NewUuid());
  return Call(Repeat::kYes, &Stubs::analyses, &v1::AnalysisService::Stub::CreateAnalysis, request);
}

absl::StatusOr<v1::Analysis> Connection::GetAnalysis(const std::string& name) {
  v1::GetAnalysisRequest request;
  request.set_name(name);
  return Call(Repeat::kYes, &Stubs::analyses, &v1::AnalysisService::Stub::GetAnalysis, request);
}

absl::StatusOr<v1::ListAnalysesResponse> Connection::ListAnalyses(const v1::ListAnalysesRequest& request) {
  return Call(Repeat::kYes, &Stubs::analyses, &v1::AnalysisService::Stub::ListAnalyses, request);
}

absl::StatusOr<v1::Analysis> Connection::CancelAnalysis(const std::string& name) {
  v1::CancelAnalysisRequest request;
  request.set_name(name);
  return Call(Repeat::kNo, &Stubs::analyses, &v1::AnalysisService::Stub::CancelAnalysis, request);
}

absl::Status Connection::DeleteAnalysis(const std::string& name) {
  v1::DeleteAnalysisRequest request;
  request.set_name(name);
  return Call(Repeat::kNo, &Stubs::analyses, &v1::AnalysisService::Stub::DeleteAnalysis, request).status();
}

absl::StatusOr<v1::ListFactsResponse> Connection::ListFacts(const v1::ListFactsRequest& request) {
  return Call(Repeat::kYes, &Stubs::facts, &v1::FactService::Stub::ListFacts, request);
}

absl::StatusOr<v1::UploadedQuestionSet> Connection::GetQuestionSet(const std::string& name) {
  v1::GetQuestionSetRequest request;
  request.set_name(name);
  return Call(Repeat::kYes, &Stubs::question_sets, &v1::QuestionSetService::Stub::GetQuestionSet, request);
}

absl::StatusOr<v1::ListQuestionSetsResponse> Connection::ListQuestionSets(const v1::ListQuestionSetsRequest& request) {
  return Call(Repeat::kYes, &Stubs::question_sets, &v1::QuestionSetService::Stub::ListQuestionSets, request);
}

absl::StatusOr<v1::Capture> Connection::GetCapture(const std::string& name) {
  v1::GetCaptureRequest request;
  request.set_name(name);
  return Call(Repeat::kYes, &Stubs::captures, &v1::CaptureService::Stub::GetCapture, request);
}

absl::StatusOr<v1::ListCapturesResponse> Connection::ListCaptures(const v1::ListCapturesRequest& request) {
  return Call(Repeat::kYes, &Stubs::captures, &v1::CaptureService::Stub::ListCaptures, request);
}

absl::Status Connection::DeleteCapture(const std::string& name) {
  v1::DeleteCaptureRequest request;
  request.set_name(name);
  return Call(Repeat::kNo, &Stubs::captures, &v1::CaptureService::Stub::DeleteCapture, request).status();
}

absl::StatusOr<v1::ServerInfo> Connection::GetServerInfo(const v1::GetServerInfoRequest& request) {
  return Call(Repeat::kYes, &Stubs::system, &v1::SystemService::Stub::GetServerInfo, request);
}

}  // namespace sumscope::client

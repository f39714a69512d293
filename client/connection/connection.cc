#include "client/connection/connection.h"

#include <utility>

#include "absl/time/clock.h"
#include "client/connection/channel/server_channel.h"
#include "client/connection/streams/downloads.h"
#include "client/connection/streams/stream_keeper.h"
#include "client/connection/streams/uploads.h"
#include "client/connection/streams/watches.h"
#include "client/connection/unary/channel_stub.h"
#include "client/connection/unary/retry_stub.h"
#include "proto/contract/base/random_ids.h"

namespace sumscope::client {
namespace {

std::unique_ptr<UnaryStub> MakeStub(ServerChannel* channel, Sleeper* sleeper, Cancellation* cancellation) {
  return std::make_unique<RetryStub>(std::make_unique<ChannelStub>(channel, cancellation), channel, sleeper,
                                     cancellation);
}

template <typename Request>
Request Named(const std::string& name) {
  Request request;
  request.set_name(name);
  return request;
}

}  // namespace

Connection::Connection(ConnectionOptions options, Sleeper* sleeper, Cancellation* cancellation)
    : sleeper_(sleeper),
      cancellation_(cancellation),
      channel_(std::make_unique<ServerChannel>(std::move(options), cancellation)),
      stub_(MakeStub(channel_.get(), sleeper, cancellation)),
      streams_(std::make_unique<StreamKeeper>(channel_.get(), sleeper, cancellation)) {}

Connection::~Connection() = default;

const std::string& Connection::address() const { return channel_->options().address; }

void Connection::set_on_reconnect(std::function<void(const absl::Status&)> observer) {
  streams_->set_on_reconnect(std::move(observer));
}

std::string Connection::NewRequestId() { return IdSource::Real()->NewUuid(); }

absl::Status Connection::Send(const Method& method, const google::protobuf::MessageLite& request,
                              google::protobuf::MessageLite* response) {
  const absl::Status status = stub_->Call(method, request, response, absl::Now() + channel_->options().timeout);
  return status.ok() ? status : channel_->Explain(status);
}

absl::StatusOr<v1::Run> Connection::GetRun(const std::string& name) { return Call(Named<v1::GetRunRequest>(name)); }

absl::StatusOr<v1::Run> Connection::CancelRun(const std::string& name) {
  return Call(Named<v1::CancelRunRequest>(name));
}

absl::StatusOr<v1::Run> Connection::ResumeRun(const std::string& name) {
  return Call(Named<v1::ResumeRunRequest>(name));
}

absl::StatusOr<v1::Run> Connection::RetryRun(const std::string& name) { return Call(Named<v1::RetryRunRequest>(name)); }

absl::StatusOr<v1::Run> Connection::DeleteRun(const std::string& name) {
  return Call(Named<v1::DeleteRunRequest>(name));
}

absl::StatusOr<v1::Run> Connection::UndeleteRun(const std::string& name) {
  return Call(Named<v1::UndeleteRunRequest>(name));
}

absl::StatusOr<v1::ListCheckpointsResponse> Connection::ListCheckpoints(const std::string& name) {
  return Call(Named<v1::ListCheckpointsRequest>(name));
}

absl::StatusOr<v1::Analysis> Connection::GetAnalysis(const std::string& name) {
  return Call(Named<v1::GetAnalysisRequest>(name));
}

absl::StatusOr<v1::Analysis> Connection::CancelAnalysis(const std::string& name) {
  return Call(Named<v1::CancelAnalysisRequest>(name));
}

absl::Status Connection::DeleteAnalysis(const std::string& name) {
  return Call(Named<v1::DeleteAnalysisRequest>(name)).status();
}

absl::StatusOr<v1::UploadedQuestionSet> Connection::GetQuestionSet(const std::string& name) {
  return Call(Named<v1::GetQuestionSetRequest>(name));
}

absl::StatusOr<v1::Capture> Connection::GetCapture(const std::string& name) {
  return Call(Named<v1::GetCaptureRequest>(name));
}

absl::Status Connection::DeleteCapture(const std::string& name) {
  return Call(Named<v1::DeleteCaptureRequest>(name)).status();
}

absl::StatusOr<v1::Sweep> Connection::GetSweep(const std::string& name) {
  return Call(Named<v1::GetSweepRequest>(name));
}

absl::StatusOr<v1::Sweep> Connection::CancelSweep(const std::string& name) {
  return Call(Named<v1::CancelSweepRequest>(name));
}

absl::StatusOr<v1::Sweep> Connection::RetrySweep(const std::string& name) {
  return Call(Named<v1::RetrySweepRequest>(name));
}

absl::Status Connection::DeleteSweep(const std::string& name) {
  return Call(Named<v1::DeleteSweepRequest>(name)).status();
}

absl::StatusOr<v1::Run> Connection::WatchRun(const std::string& name,
                                             const std::function<absl::Status(const v1::WatchRunResponse&)>& on_event) {
  const auto get_run = [this](const std::string& run) { return GetRun(run); };
  return streams::WatchRun(name, get_run, on_event, streams_.get());
}

absl::Status Connection::StreamMetrics(v1::StreamMetricsRequest request,
                                       const std::function<absl::Status(const v1::MetricBlock&)>& on_block) {
  return streams::StreamMetrics(std::move(request), on_block, streams_.get());
}

absl::Status Connection::DownloadCheckpoint(const std::string& name,
                                            const std::function<absl::Status(absl::string_view)>& on_bytes) {
  return streams::DownloadCheckpoint(name, on_bytes, streams_.get());
}

absl::StatusOr<v1::Analysis> Connection::WatchAnalysis(
    const std::string& name, const std::function<absl::Status(const v1::Analysis&)>& on_change) {
  return streams::WatchAnalysis(name, on_change, streams_.get());
}

absl::StatusOr<v1::Sweep> Connection::WatchSweep(const std::string& name,
                                                 const std::function<absl::Status(const v1::Sweep&)>& on_change) {
  return streams::WatchSweep(name, on_change, streams_.get());
}

absl::Status Connection::WatchDevices(absl::Duration interval,
                                      const std::function<absl::Status(const v1::ListDevicesResponse&)>& on_look) {
  return streams::WatchDevices(interval, on_look, streams_.get());
}

absl::Status Connection::ReadTensor(v1::ReadTensorRequest request, Sha256* before,
                                    const std::function<absl::Status(absl::string_view)>& on_bytes) {
  return streams::ReadTensor(std::move(request), before, on_bytes, streams_.get());
}

absl::Status Connection::DownloadCapture(v1::DownloadCaptureRequest request, Sha256* before,
                                         const std::function<absl::Status(absl::string_view)>& on_bytes) {
  return streams::DownloadCapture(std::move(request), before, on_bytes, streams_.get());
}

absl::StatusOr<v1::UploadedQuestionSet> Connection::UploadQuestionSet(uint32_t n_digits, absl::string_view lines) {
  return streams::UploadQuestionSet(n_digits, lines, streams_.get());
}

absl::StatusOr<v1::Run> Connection::ImportRun(v1::ImportHeader header, const std::string& path) {
  return streams::ImportRun(std::move(header), path, {sleeper_, cancellation_}, streams_.get());
}

}  // namespace sumscope::client

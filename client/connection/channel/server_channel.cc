#include "client/connection/channel/server_channel.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/connection/channel/grpc_status.h"
#include "grpcpp/grpcpp.h"
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

ServerChannel::ServerChannel(ConnectionOptions options, const Cancellation* cancellation)
    : options_(std::move(options)), cancellation_(cancellation), current_(MakeChannel(options_)) {}

void ServerChannel::Reconnect() { current_ = MakeChannel(options_); }

absl::Status ServerChannel::Explain(const absl::Status& status) const {
  if (cancellation_->cancelled()) return absl::CancelledError("interrupted");
  const bool connected = current_->GetState(/*try_to_connect=*/false) == GRPC_CHANNEL_READY;
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

}  // namespace sumscope::client

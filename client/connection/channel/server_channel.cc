#include "client/connection/channel/server_channel.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/connection/channel/grpc_status.h"
#include "client/connection/ways/address.h"
#include "client/connection/ways/plain_way.h"
#include "client/connection/ways/ssh/ssh_way.h"
#include "client/connection/ways/tls/tls_way.h"
#include "grpcpp/grpcpp.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"

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

// What stays on this machine: the local socket, and a port of it unless something of TLS is given.
bool IsPlain(const Address& address, const ConnectionOptions& options) {
  return address.kind == Address::Kind::kSocket || (address.loopback() && options.credentials.empty());
}

absl::StatusOr<std::unique_ptr<Way>> MakeWay(const ConnectionOptions& options, const Cancellation* cancellation) {
  SUMSCOPE_ASSIGN_OR_RETURN(const Address address, ParseAddress(options.address));
  if (address.kind != Address::Kind::kTcp && options.credentials.has_token()) {
    return MakeError(absl::StatusCode::kUnauthenticated, "TOKEN_OVER_PLAINTEXT",
                     absl::StrCat("a token goes over TLS alone, and ", options.address,
                                  " is none: it knows who you are by your account there. Leave --token-file and "
                                  "SUMSCOPE_TOKEN_FILE out"));
  }
  if (address.kind == Address::Kind::kSsh) return MakeSshWay(options, address, cancellation);
  return IsPlain(address, options) ? MakePlainWay(options) : MakeTlsWay(options, address);
}

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

ServerChannel::ServerChannel(ConnectionOptions options, const Cancellation* cancellation)
    : options_(std::move(options)), cancellation_(cancellation), way_(MakeWay(options_, cancellation)) {}

ServerChannel::~ServerChannel() = default;

absl::Status ServerChannel::Open(absl::Duration timeout) {
  if (current_ != nullptr) return absl::OkStatus();
  SUMSCOPE_RETURN_IF_ERROR(way_.status());
  absl::StatusOr<std::shared_ptr<grpc::Channel>> channel = (*way_)->Open(timeout);
  hopeless_ = !channel.ok() && !answered_;
  if (channel.ok()) current_ = *std::move(channel);
  return channel.status();
}

absl::Status ServerChannel::Connect(absl::Duration timeout) {
  SUMSCOPE_RETURN_IF_ERROR(Open(timeout));
  if (!(*way_)->tells_state() || !StaysSilent(*current_, timeout, *cancellation_)) return absl::OkStatus();
  return absl::DeadlineExceededError("not connected");
}

bool ServerChannel::IsConnected() const {
  if (current_ == nullptr) return false;
  return !(*way_)->tells_state() || current_->GetState(/*try_to_connect=*/false) == GRPC_CHANNEL_READY;
}

absl::Status ServerChannel::Explain(const absl::Status& status) {
  if (cancellation_->cancelled()) return absl::CancelledError("interrupted");
  const bool connected = IsConnected();
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
                     "). Name another with --server unix:/path, ssh://host or host:port."));
  }
  if (!IsConnectionLoss(status) || !ErrorReason(status).empty()) {
    if (!status.message().empty() || !ErrorReason(status).empty()) return status;
    return MakeError(status.code(), "NO_REASON_GIVEN",
                     absl::StrCat("the server at ", options_.address, " refused the call as ",
                                  absl::StatusCodeToString(status.code()), " and gave no reason"));
  }
  if (way_.ok()) SUMSCOPE_RETURN_IF_ERROR((*way_)->WhyLost());
  const bool reached = answered_ || connected;
  const absl::StatusOr<Address> address = ParseAddress(options_.address);
  const bool plain_port = address.ok() && IsPlain(*address, options_) && address->kind == Address::Kind::kTcp;
  return MakeError(
      absl::StatusCode::kUnavailable, "SERVER_UNREACHABLE",
      absl::StrCat(
          reached ? "lost the server at " : "no server answers at ", options_.address, " (",
          status.message().empty() ? absl::StatusCodeToString(status.code()) : std::string(status.message()), "). ",
          reached ? "Nothing that it acknowledged is lost: try again when it is back."
                  : "Start one with `sumscoped`, or name another with --server unix:/path, ssh://host or host:port.",
          plain_port && !reached ? " If it speaks TLS, give --ca: ports of this machine are taken for plain." : ""));
}

}  // namespace sumscope::client

#include "client/connection/channel/grpc_status.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "google/rpc/status.pb.h"
#include "proto/contract/errors/errors.h"

namespace sumscope::client {
namespace {

bool IsReason(absl::string_view text) {
  return absl::StrContains(text, '_') && std::all_of(text.begin(), text.end(), [](char letter) {
           return absl::ascii_isupper(letter) || absl::ascii_isdigit(letter) || letter == '_';
         });
}

// "USER_DISABLED: the user .." of a refusal without details as an error with that reason; what is none stays.
absl::Status WithReasonOfText(const absl::Status& status) {
  if (!absl::IsUnauthenticated(status) && !absl::IsPermissionDenied(status)) return status;
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(status.message(), absl::MaxSplits(": ", 1));
  return IsReason(parts.first) && !parts.second.empty() ? MakeError(status.code(), parts.first, parts.second) : status;
}

}  // namespace

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  google::rpc::Status rpc;
  // Details that do not parse, or speak of another error, are not this error's.
  if (!rpc.ParseFromString(status.error_details()) || rpc.code() != static_cast<int>(status.error_code())) {
    rpc.Clear();
    rpc.set_code(static_cast<int>(status.error_code()));
  }
  if (rpc.message().empty()) rpc.set_message(status.error_message());
  return rpc.details().empty() ? WithReasonOfText(FromRpcStatus(rpc)) : FromRpcStatus(rpc);
}

bool IsConnectionLoss(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
      return true;
    // A server that dies in mid-stream; one that answers so on purpose gives a reason. Without any text the words are
    // the server's, too: one that could not read a request says no more than that.
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnknown:
      return ErrorReason(status).empty() && !status.message().empty();
    case absl::StatusCode::kCancelled:
      return ErrorReason(status).empty();
    default:
      return false;
  }
}

}  // namespace sumscope::client

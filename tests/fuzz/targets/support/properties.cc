#include "tests/fuzz/targets/support/properties.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "google/rpc/status.pb.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/limits.h"
#include "proto/contract/text/utf8.h"

namespace sumscope::fuzz {
namespace {

constexpr size_t kMaxReason = 63;
constexpr size_t kMaxDetails = 4096;  // of gRPC's 8 KiB, which hold them in base64 beside the message

bool IsReasonCharacter(char c) {
  return absl::ascii_isupper(static_cast<unsigned char>(c)) || absl::ascii_isdigit(static_cast<unsigned char>(c)) ||
         c == '_';
}

}  // namespace

void Require(bool holds, absl::string_view property) {
  if (holds) return;
  std::fprintf(stderr, "broken: %.*s\n", static_cast<int>(property.size()), property.data());
  std::abort();
}

void RequireEqual(absl::string_view found, absl::string_view expected, absl::string_view property) {
  if (found == expected) return;
  Require(false, absl::StrCat(property, "\n  found    ", found, "\n  expected ", expected));
}

void RequireOk(const absl::Status& status, absl::string_view call) {
  Require(status.ok(), absl::StrCat(call, ": ", status.ToString()));
}

void RequireToldWell(const absl::Status& error) {
  Require(!error.ok(), "an error is none");
  const std::string reason = ErrorReason(error);
  Require(!reason.empty() && reason.size() <= kMaxReason, absl::StrCat("an error has a reason: ", error.ToString()));
  Require(std::all_of(reason.begin(), reason.end(), IsReasonCharacter), "a reason is UPPER_SNAKE");
  Require(!error.message().empty() && error.message().size() <= limits::kMaxErrorText, "a message is bounded");
  Require(IsUtf8(error.message()), "a message is UTF-8");
  const google::rpc::Status wire = ToRpcStatus(error);
  Require(wire.ByteSizeLong() <= kMaxDetails, "an error fits the trailers");
  Require(FromRpcStatus(wire) == error, "an error is the same after the wire");
}

}  // namespace sumscope::fuzz

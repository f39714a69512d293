#include "server/rpc/runs/watch_token.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/limits.h"

namespace sumscope::rpc {
namespace {

constexpr char kPurpose[] = "watch";
constexpr size_t kDigits = 20;  // of each number: how long a token is tells nothing

bool AreDigits(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), absl::ascii_isdigit);
}

// "e12-l7": a token of a server that did not seal them.
bool IsUnsealed(const std::string& text) {
  std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(text, absl::MaxSplits('-', 1));
  return absl::ConsumePrefix(&parts.first, "e") && absl::ConsumePrefix(&parts.second, "l") && AreDigits(parts.first) &&
         AreDigits(parts.second);
}

}  // namespace

std::string WatchToken::ToString(const TokenSeal& seal) const {
  return seal.Seal(kPurpose, absl::StrCat(absl::Dec(event, absl::kZeroPad20), absl::Dec(log, absl::kZeroPad20)));
}

absl::StatusOr<WatchToken> WatchToken::Parse(const TokenSeal& seal, const std::string& text) {
  WatchToken token;
  if (text.empty()) return token;
  std::optional<std::string> opened;
  if (text.size() <= limits::kMaxPageTokenLength) opened = seal.Open(kPurpose, text);
  if (opened.has_value() && opened->size() == 2 * kDigits &&
      absl::SimpleAtoi(opened->substr(0, kDigits), &token.event) &&
      absl::SimpleAtoi(opened->substr(kDigits), &token.log) && token.ToString(seal) == text) {
    return token;
  }
  if (IsUnsealed(text)) {
    return MakeError(absl::StatusCode::kOutOfRange, "RESUME_TOKEN_EXPIRED",
                     "the resume token is of an older server; read the run again and watch from now");
  }
  return InvalidField("RESUME_TOKEN_INVALID", "resume_token", "resume_token is not one that a watch gave");
}

}  // namespace sumscope::rpc

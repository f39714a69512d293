#include "server/rpc/runs/watch_token.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "proto/contract/errors/errors.h"

namespace sumscope::rpc {

std::string WatchToken::ToString() const { return absl::StrCat("e", event, "-l", log); }

absl::StatusOr<WatchToken> WatchToken::Parse(const std::string& text) {
  WatchToken token;
  if (text.empty()) return token;
  std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(text, absl::MaxSplits('-', 1));
  const bool read = absl::ConsumePrefix(&parts.first, "e") && absl::ConsumePrefix(&parts.second, "l") &&
                    absl::SimpleAtoi(parts.first, &token.event) && absl::SimpleAtoi(parts.second, &token.log);
  if (!read || token.ToString() != text) {
    return InvalidField("RESUME_TOKEN_INVALID", "resume_token", "resume_token is not one that a watch gave");
  }
  return token;
}

}  // namespace sumscope::rpc

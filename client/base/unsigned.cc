#include "client/base/unsigned.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"

namespace sumscope::client {

std::optional<uint64_t> ParseUnsigned(absl::string_view text, uint64_t max) {
  uint64_t number = 0;
  if (text.empty() || !std::all_of(text.begin(), text.end(), absl::ascii_isdigit)) return std::nullopt;
  if (!absl::SimpleAtoi(text, &number) || number > max) return std::nullopt;
  return number;
}

std::optional<uint64_t> ParseDigit(absl::string_view text) {
  if (!text.empty() && (text[0] == 'D' || text[0] == 'A' || text[0] == 'd' || text[0] == 'a')) text.remove_prefix(1);
  constexpr uint64_t kHighest = 1000;  // no number of digits that anybody could mean is left out
  return ParseUnsigned(text, kHighest);
}

}  // namespace sumscope::client

#include "client/unsigned.h"

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

}  // namespace sumscope::client

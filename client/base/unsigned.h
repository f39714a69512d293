#ifndef SUMSCOPE_CLIENT_BASE_UNSIGNED_H_
#define SUMSCOPE_CLIENT_BASE_UNSIGNED_H_

#include <cstdint>
#include <limits>
#include <optional>

#include "absl/strings/string_view.h"

namespace sumscope::client {

// The number that `text` writes with decimal digits alone: no sign, no space, at most `max`. Nothing otherwise.
std::optional<uint64_t> ParseUnsigned(absl::string_view text, uint64_t max = std::numeric_limits<uint64_t>::max());

// A digit of a question or an answer, by its place: "2", "D2" or "A2".
std::optional<uint64_t> ParseDigit(absl::string_view text);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_BASE_UNSIGNED_H_

#ifndef SUMSCOPE_PROTO_CONTRACT_TEXT_QUOTE_H_
#define SUMSCOPE_PROTO_CONTRACT_TEXT_QUOTE_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace sumscope {

// How every message echoes what a caller sent: in double quotes, shortened to kMaxQuotedBytes, control
// characters and quotes escaped as in C, and always UTF-8. "a\nb" -> "\"a\\nb\"".
inline constexpr size_t kMaxQuotedBytes = 80;
std::string Quote(absl::string_view text);

// A control character of ASCII, which has no place in names, labels and file names: they are shown on terminals.
bool HasControlCharacter(absl::string_view text);

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_TEXT_QUOTE_H_

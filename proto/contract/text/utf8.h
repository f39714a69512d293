#ifndef SUMSCOPE_PROTO_CONTRACT_TEXT_UTF8_H_
#define SUMSCOPE_PROTO_CONTRACT_TEXT_UTF8_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace sumscope {

// `text` with every byte that is no part of well-formed UTF-8 replaced by '?'. Proto3 strings must be UTF-8, and error
// messages quote what a caller sent.
std::string ReplaceInvalidUtf8(absl::string_view text);

// The same of `text` where it has at most `maximum` bytes, else its beginning and its end with dots between them: of an
// error that echoes a long text, what was wrong and what to do both stay.
std::string ShortenUtf8(absl::string_view text, size_t maximum);

// Whether nothing of `text` would be replaced.
bool IsUtf8(absl::string_view text);

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_TEXT_UTF8_H_

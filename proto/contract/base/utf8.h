#ifndef SUMSCOPE_PROTO_CONTRACT_BASE_UTF8_H_
#define SUMSCOPE_PROTO_CONTRACT_BASE_UTF8_H_

#include <string>

#include "absl/strings/string_view.h"

namespace sumscope {

// `text` with every byte that is no part of well-formed UTF-8 replaced by '?'. Proto3 strings must be UTF-8, and error
// messages quote what a caller sent.
std::string ReplaceInvalidUtf8(absl::string_view text);

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_BASE_UTF8_H_

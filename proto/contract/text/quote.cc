#include "proto/contract/text/quote.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/text/utf8.h"

namespace sumscope {
namespace {

std::string Escaped(char c) {
  switch (c) {
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    default:
      return absl::ascii_iscntrl(static_cast<unsigned char>(c))
                 ? absl::StrCat("\\x", absl::Hex(static_cast<unsigned char>(c), absl::kZeroPad2))
                 : std::string(1, c);
  }
}

}  // namespace

std::string Quote(absl::string_view text) {
  std::string quoted = "\"";
  for (const char c : ShortenUtf8(text, kMaxQuotedBytes)) quoted += Escaped(c);
  return quoted + '"';
}

bool HasControlCharacter(absl::string_view text) {
  return std::any_of(text.begin(), text.end(), [](unsigned char c) { return absl::ascii_iscntrl(c); });
}

}  // namespace sumscope

#ifndef SUMSCOPE_TESTS_FUZZ_TARGETS_SUPPORT_TOML_TEXT_H_
#define SUMSCOPE_TESTS_FUZZ_TARGETS_SUPPORT_TOML_TEXT_H_

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace sumscope::fuzz {

// `text`, which is UTF-8, as a basic string of TOML.
inline std::string TomlText(absl::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f || c == '"' || c == '\\') {
      absl::StrAppend(&quoted, "\\u", absl::Hex(byte, absl::kZeroPad4));
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

}  // namespace sumscope::fuzz

#endif  // SUMSCOPE_TESTS_FUZZ_TARGETS_SUPPORT_TOML_TEXT_H_

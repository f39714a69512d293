#include "client/cli/output/text.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "proto/contract/base/utf8.h"

namespace sumscope::client {
namespace {

struct CodePoint {
  uint32_t value;
  absl::string_view bytes;
};

// The first code point of well-formed, non-empty UTF-8.
CodePoint First(absl::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const size_t length = byte(0) < 0x80 ? 1 : byte(0) < 0xe0 ? 2 : byte(0) < 0xf0 ? 3 : 4;
  uint32_t value = length == 1 ? byte(0) : byte(0) & (0x7fu >> length);
  for (size_t i = 1; i < length; ++i) value = value << 6 | (byte(i) & 0x3f);
  return {value, text.substr(0, length)};
}

// What a terminal obeys instead of showing.
bool IsControl(uint32_t c) {
  return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
         (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

int Width(uint32_t c) {
  const auto within = [c](uint32_t first, uint32_t last) { return c >= first && c <= last; };
  if (within(0x300, 0x36f) || within(0x200b, 0x200d) || within(0xfe00, 0xfe0f) || within(0x20d0, 0x20ff)) return 0;
  const bool wide = within(0x1100, 0x115f) || within(0x2e80, 0xa4cf) || within(0xac00, 0xd7a3) ||
                    within(0xf900, 0xfaff) || within(0xfe30, 0xfe6f) || within(0xff00, 0xff60) ||
                    within(0xffe0, 0xffe6) || within(0x1f300, 0x1faff) || within(0x20000, 0x3fffd);
  return wide ? 2 : 1;
}

template <typename Escape>
std::string EscapeControls(absl::string_view text, Escape escape) {
  const std::string valid = ReplaceInvalidUtf8(text);
  std::string out;
  for (absl::string_view rest = valid; !rest.empty();) {
    const CodePoint c = First(rest);
    absl::StrAppend(&out, IsControl(c.value) ? escape(c) : std::string(c.bytes));
    rest.remove_prefix(c.bytes.size());
  }
  return out;
}

}  // namespace

std::string EscapeText(absl::string_view text, bool keep_newlines) {
  return EscapeControls(text, [keep_newlines](const CodePoint& c) -> std::string {
    if (c.value == '\n') return keep_newlines ? "\n" : "\\n";
    if (c.value == '\t') return "\\t";
    return c.value < 0x100 ? absl::StrFormat("\\x%02x", c.value) : absl::StrFormat("\\u%04x", c.value);
  });
}

std::string EscapeJson(absl::string_view json) {
  return EscapeControls(json, [](const CodePoint& c) -> std::string {
    return c.value == '\n' ? "\n" : absl::StrFormat("\\u%04x", c.value);
  });
}

int DisplayWidth(absl::string_view text) {
  int width = 0;
  while (!text.empty()) {
    const CodePoint c = First(text);
    width += Width(c.value);
    text.remove_prefix(c.bytes.size());
  }
  return width;
}

std::string FitWidth(absl::string_view text, int width) {
  if (DisplayWidth(text) <= width) return std::string(text);
  const int room = std::max(0, width - 2);
  std::string out;
  for (int used = 0; !text.empty();) {
    const CodePoint c = First(text);
    used += Width(c.value);
    if (used > room) break;
    absl::StrAppend(&out, c.bytes);
    text.remove_prefix(c.bytes.size());
  }
  return absl::StrCat(out, std::string(static_cast<size_t>(std::clamp(width, 0, 2)), '.'));
}

std::vector<std::string> WrapWords(absl::string_view text, int width) {
  std::vector<std::string> lines = {""};
  for (const absl::string_view word : absl::StrSplit(text, ' ', absl::SkipEmpty())) {
    if (!lines.back().empty() && DisplayWidth(lines.back()) + 1 + DisplayWidth(word) > width) lines.emplace_back();
    absl::StrAppend(&lines.back(), lines.back().empty() ? "" : " ", word);
  }
  return lines;
}

}  // namespace sumscope::client

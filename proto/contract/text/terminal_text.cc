#include "proto/contract/text/terminal_text.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "proto/contract/text/utf8.h"

namespace sumscope {
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

// Symbols that fill two columns among those that fill one: Unicode 15, East_Asian_Width W from U+231A to U+2B55.
bool IsWideSymbol(uint32_t c) {
  static constexpr std::pair<uint32_t, uint32_t> kWide[] = {
      {0x231a, 0x231b}, {0x2329, 0x232a}, {0x23e9, 0x23ec}, {0x23f0, 0x23f0}, {0x23f3, 0x23f3}, {0x25fd, 0x25fe},
      {0x2614, 0x2615}, {0x2648, 0x2653}, {0x267f, 0x267f}, {0x2693, 0x2693}, {0x26a1, 0x26a1}, {0x26aa, 0x26ab},
      {0x26bd, 0x26be}, {0x26c4, 0x26c5}, {0x26ce, 0x26ce}, {0x26d4, 0x26d4}, {0x26ea, 0x26ea}, {0x26f2, 0x26f3},
      {0x26f5, 0x26f5}, {0x26fa, 0x26fa}, {0x26fd, 0x26fd}, {0x2705, 0x2705}, {0x270a, 0x270b}, {0x2728, 0x2728},
      {0x274c, 0x274c}, {0x274e, 0x274e}, {0x2753, 0x2755}, {0x2757, 0x2757}, {0x2795, 0x2797}, {0x27b0, 0x27b0},
      {0x27bf, 0x27bf}, {0x2b1b, 0x2b1c}, {0x2b50, 0x2b50}, {0x2b55, 0x2b55}};
  return std::any_of(std::begin(kWide), std::end(kWide),
                     [c](const auto& range) { return c >= range.first && c <= range.second; });
}

int Width(uint32_t c) {
  const auto within = [c](uint32_t first, uint32_t last) { return c >= first && c <= last; };
  if (within(0x300, 0x36f) || within(0x200b, 0x200d) || within(0xfe00, 0xfe0f) || within(0x20d0, 0x20ff)) return 0;
  const bool wide = within(0x1100, 0x115f) || within(0x2e80, 0xa4cf) || within(0xac00, 0xd7a3) ||
                    within(0xf900, 0xfaff) || within(0xfe30, 0xfe6f) || within(0xff00, 0xff60) ||
                    within(0xffe0, 0xffe6) || within(0x1f300, 0x1faff) || within(0x20000, 0x3fffd) || IsWideSymbol(c);
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

namespace {

// The first of `text`'s characters that have room in `width` columns, at least one.
absl::string_view Head(absl::string_view text, int width) {
  size_t bytes = 0;
  for (int used = 0; bytes < text.size();) {
    const CodePoint c = First(text.substr(bytes));
    used += Width(c.value);
    if (used > width && bytes > 0) break;
    bytes += c.bytes.size();
  }
  return text.substr(0, bytes);
}

// Where a word that is too long is cut: behind the last mark that its parts end with, else where the room ends.
size_t CutOf(absl::string_view word, int width) {
  const absl::string_view head = Head(word, width);
  const size_t mark = head.find_last_of(",/;|&");
  return mark == absl::string_view::npos ? head.size() : mark + 1;
}

// A word with the spaces before it. What follows a number belongs to it: "49 %".
struct Word {
  int spaces;
  absl::string_view text;
};

std::vector<Word> WordsOf(absl::string_view text) {
  std::vector<Word> words;
  for (size_t at = text.find_first_not_of(' '); at != absl::string_view::npos; at = text.find_first_not_of(' ', at)) {
    const size_t start = at;
    at = std::min(text.find(' ', at), text.size());
    if (absl::StartsWith(text.substr(at), " %")) at = std::min(text.find(' ', at + 1), text.size());
    const size_t before = words.empty() ? start : start - static_cast<size_t>(words.back().text.end() - text.begin());
    words.push_back({static_cast<int>(before), text.substr(start, at - start)});
  }
  return words;
}

// Where a line that goes on below goes on: under the value of "name   value", else under its first word.
int HangingIndent(absl::string_view line, int width) {
  const size_t first = std::min(line.find_first_not_of(' '), line.size());
  const size_t gap = line.find("  ", first);
  const size_t value = gap == absl::string_view::npos ? gap : line.find_first_not_of(' ', gap);
  constexpr int kLeastRoom = 20;
  const int under_value = value == absl::string_view::npos ? width : DisplayWidth(line.substr(0, value));
  if (under_value + kLeastRoom <= width) return under_value;
  return static_cast<int>(first) + kLeastRoom <= width ? static_cast<int>(first) : 0;
}

}  // namespace

std::vector<std::string> WrapWords(absl::string_view text, int width) {
  width = std::max(width, 1);
  std::vector<std::string> lines = {""};
  for (Word word : WordsOf(text)) {
    const int room = width - DisplayWidth(lines.back()) - word.spaces;
    if (!lines.back().empty() && DisplayWidth(word.text) > room) lines.emplace_back();
    if (!lines.back().empty()) lines.back().append(static_cast<size_t>(word.spaces), ' ');
    while (DisplayWidth(word.text) > width) {
      const size_t cut = CutOf(word.text, width);
      absl::StrAppend(&lines.back(), word.text.substr(0, cut));
      lines.emplace_back();
      word.text.remove_prefix(cut);
    }
    absl::StrAppend(&lines.back(), word.text);
  }
  return lines;
}

std::string FitLines(absl::string_view text, int width) {
  if (width <= 0) return std::string(text);
  std::string out;
  while (!text.empty()) {
    size_t end = std::min(text.find('\n'), text.size());
    absl::string_view line = text.substr(0, end);
    const size_t command = line.find(": sumscope ");
    if (command != absl::string_view::npos && DisplayWidth(line) > width) {
      end = command + 1;  // the space becomes the end of the line
      line = text.substr(0, end);
    }
    const size_t indent = DisplayWidth(line) <= width ? 0 : static_cast<size_t>(HangingIndent(line, width));
    if (indent == 0 && DisplayWidth(line) <= width) {
      absl::StrAppend(&out, line);
    } else {
      const absl::string_view start = Head(line, static_cast<int>(indent));
      absl::StrAppend(
          &out, indent == 0 ? "" : start,
          absl::StrJoin(WrapWords(line.substr(indent == 0 ? 0 : start.size()), width - static_cast<int>(indent)),
                        absl::StrCat("\n", std::string(indent, ' '))));
    }
    if (end < text.size()) out.push_back('\n');
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

}  // namespace sumscope

#include "proto/contract/text/utf8.h"

#include <cstddef>
#include <cstdint>

namespace sumscope {
namespace {

// Bytes of the well-formed sequence at the start of `text` (RFC 3629), 0 if there is none.
size_t SequenceLength(absl::string_view text) {
  const auto at = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = at(0);
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xc2 && lead <= 0xdf   ? 2
                        : (lead & 0xf0) == 0xe0        ? 3
                        : lead >= 0xf0 && lead <= 0xf4 ? 4
                                                       : 0;
  if (length == 0 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xc0) != 0x80) return 0;
  }
  // Over-long forms, surrogates, beyond U+10FFFF.
  if (lead == 0xe0 && at(1) < 0xa0) return 0;
  if (lead == 0xed && at(1) > 0x9f) return 0;
  if (lead == 0xf0 && at(1) < 0x90) return 0;
  if (lead == 0xf4 && at(1) > 0x8f) return 0;
  return length;
}

}  // namespace

std::string ReplaceInvalidUtf8(absl::string_view text) {
  std::string valid;
  valid.reserve(text.size());
  while (!text.empty()) {
    const size_t length = SequenceLength(text);
    if (length == 0) {
      valid += '?';
    } else {
      valid.append(text.data(), length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return valid;
}

std::string ShortenUtf8(absl::string_view text, size_t maximum) {
  constexpr absl::string_view kGap = " ... ";
  if (text.size() <= maximum) return ReplaceInvalidUtf8(text);
  const auto continues = [](char c) { return (static_cast<uint8_t>(c) & 0xc0) == 0x80; };
  size_t head = (maximum - kGap.size()) * 2 / 3, tail = text.size() - (maximum - kGap.size() - head);
  while (head > 0 && continues(text[head])) --head;
  while (tail < text.size() && continues(text[tail])) ++tail;
  std::string shortened = ReplaceInvalidUtf8(text.substr(0, head));
  shortened.append(kGap.data(), kGap.size());
  return shortened + ReplaceInvalidUtf8(text.substr(tail));
}

bool IsUtf8(absl::string_view text) {
  while (!text.empty()) {
    const size_t length = SequenceLength(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace sumscope

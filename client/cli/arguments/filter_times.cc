#include "client/cli/arguments/filter_times.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/text/quote.h"

namespace sumscope::client {
namespace {

absl::Duration UnitOf(char unit) {
  switch (unit) {
    case 's':
      return absl::Seconds(1);
    case 'm':
      return absl::Minutes(1);
    case 'h':
      return absl::Hours(1);
    case 'd':
      return absl::Hours(24);
    case 'w':
      return absl::Hours(24 * 7);
    default:
      return absl::ZeroDuration();
  }
}

// How long ago "-7d" is; zero for any other word.
absl::Duration AgoOf(absl::string_view word) {
  uint32_t count = 0;
  if (word.size() < 3 || word[0] != '-' || !absl::ascii_isdigit(static_cast<unsigned char>(word[1]))) {
    return absl::ZeroDuration();
  }
  return absl::SimpleAtoi(word.substr(1, word.size() - 2), &count) ? count * UnitOf(word.back()) : absl::ZeroDuration();
}

}  // namespace

std::string WithAbsoluteTimes(absl::string_view filter, absl::Time now) {
  std::string out;
  std::string word, field;  // the last one read, and what the comparison under way is about
  bool after_comparison = false, was_in_word = false;
  while (!filter.empty()) {
    const char c = filter[0];
    size_t taken = 1;
    if (c == '"' || c == '\'') {
      while (taken < filter.size() && filter[taken] != c) taken += filter[taken] == '\\' ? 2 : 1;
      taken = std::min(taken + 1, filter.size());
    } else if (after_comparison && c == '-' && absl::EndsWith(field, "_time")) {
      taken = std::min(filter.find_first_of(" \t\n()"), filter.size());
      if (const absl::Duration ago = AgoOf(filter.substr(0, taken)); ago != absl::ZeroDuration()) {
        absl::StrAppend(&out, "\"", absl::FormatTime(absl::RFC3339_full, now - ago, absl::UTCTimeZone()), "\"");
        filter.remove_prefix(taken);
        after_comparison = false;
        continue;
      }
    }
    absl::StrAppend(&out, filter.substr(0, taken));
    const bool blank = absl::ascii_isspace(static_cast<unsigned char>(c));
    const bool compares = c == '<' || c == '>' || c == '=';
    if (compares && !after_comparison) field = std::exchange(word, "");
    after_comparison = compares || (after_comparison && blank);
    const bool in_word = absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.';
    if (in_word) {
      if (!was_in_word) word.clear();
      word += c;
    }
    was_in_word = in_word;
    filter.remove_prefix(taken);
  }
  return out;
}

absl::StatusOr<absl::Time> ParseTimeArgument(absl::string_view option, absl::string_view text, absl::Time now) {
  const std::string ago = absl::StrCat(absl::StartsWith(text, "-") ? "" : "-", text);
  if (const absl::Duration span = AgoOf(ago); span != absl::ZeroDuration()) return now - span;
  absl::Time time;
  for (const char* format : {"%Y-%m-%d", absl::RFC3339_full}) {
    if (absl::ParseTime(format, text, &time, nullptr)) return time;
  }
  return InvalidField("TIME_INVALID", option,
                      absl::StrCat(option, " takes a time ago like 7d (s, m, h, d, w), a day like 2026-11-22, or ",
                                   "2026-11-22T10:00:00Z, not ", Quote(text)));
}

}  // namespace sumscope::client

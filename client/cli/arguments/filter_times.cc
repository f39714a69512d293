#include "client/cli/arguments/filter_times.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

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
  bool after_comparison = false;
  while (!filter.empty()) {
    const char c = filter[0];
    size_t taken = 1;
    if (c == '"' || c == '\'') {
      while (taken < filter.size() && filter[taken] != c) taken += filter[taken] == '\\' ? 2 : 1;
      taken = std::min(taken + 1, filter.size());
    } else if (after_comparison && c == '-') {
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
    after_comparison = c == '<' || c == '>' || c == '=' || (after_comparison && blank);
    filter.remove_prefix(taken);
  }
  return out;
}

}  // namespace sumscope::client

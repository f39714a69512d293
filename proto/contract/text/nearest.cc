#include "proto/contract/text/nearest.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "proto/contract/text/quote.h"

namespace sumscope {
namespace {

using Parts = std::vector<absl::string_view>;

constexpr size_t kTellingPart = 4;  // letters

// Levenshtein's distance, in which two neighbours that changed places are one step.
size_t EditDistance(absl::string_view a, absl::string_view b) {
  std::vector<size_t> before(b.size() + 1), above(b.size() + 1), row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (size_t i = 1; i <= a.size(); ++i) {
    before.swap(above);
    above.swap(row);
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1), above[j] + 1, row[j - 1] + 1});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row.back();
}

// The distance of two words of which at most a third of the longer one's letters is wrong.
std::optional<size_t> WordDistance(absl::string_view a, absl::string_view b) {
  constexpr size_t kOf = 3;
  const size_t longer = std::max(a.size(), b.size()), shorter = std::min(a.size(), b.size());
  if (kOf * (longer - shorter) > longer) return std::nullopt;
  const size_t distance = EditDistance(a, b);
  return kOf * distance > longer ? std::nullopt : std::optional(distance);
}

Parts PartsOf(absl::string_view name) { return absl::StrSplit(name, absl::ByAnyChar("_-."), absl::SkipEmpty()); }

// How far all parts of one name together are from those of another that are nearest to them; nullopt where one is like
// none of them, and where all are too short to tell.
std::optional<size_t> PartsDistance(const Parts& parts, const Parts& others) {
  size_t sum = 0;
  bool telling = false;
  for (const absl::string_view part : parts) {
    std::optional<size_t> least;
    for (const absl::string_view other : others) {
      const std::optional<size_t> distance = WordDistance(part, other);
      if (distance && (!least || *distance < *least)) least = distance;
    }
    if (!least) return std::nullopt;
    sum += *least;
    telling = telling || part.size() >= kTellingPart;
  }
  return telling ? std::optional(sum) : std::nullopt;
}

bool Holds(absl::string_view whole, absl::string_view part) {
  return part.size() >= kTellingPart && absl::StrContains(whole, part);
}

// How far a typed name is from one that exists; nullopt where nobody would take one for the other.
std::optional<size_t> Distance(absl::string_view typed, absl::string_view name) {
  if (typed == name) return 0;
  if (Holds(name, typed) || Holds(typed, name)) return 1;
  if (const std::optional<size_t> distance = WordDistance(typed, name)) return distance;
  const Parts of_typed = PartsOf(typed), of_name = PartsOf(name);
  std::optional<size_t> within = PartsDistance(of_name, of_typed);
  if (!within) within = PartsDistance(of_typed, of_name);
  return within ? std::optional(*within + 1) : std::nullopt;
}

std::string Compared(absl::string_view name) { return absl::AsciiStrToLower(absl::StripPrefix(name, "--")); }

}  // namespace

std::string Nearest(absl::string_view typed, const std::vector<std::string>& names) {
  constexpr size_t kMaxCompared = 100;  // bounds the work on a hostile name
  const std::string word = Compared(typed.substr(0, kMaxCompared));
  std::string nearest;
  std::optional<size_t> least;
  for (const std::string& name : names) {
    const std::optional<size_t> distance = Distance(word, Compared(name));
    if (!distance || (least && *least <= *distance)) continue;
    least = distance;
    nearest = name;
  }
  return nearest;
}

std::string DidYouMean(absl::string_view name) { return absl::StrCat("did you mean ", Quote(name), "?"); }

std::string DidYouMean(absl::string_view typed, const std::vector<std::string>& names) {
  constexpr size_t kMaxListed = 40;
  if (const std::string nearest = Nearest(typed, names); !nearest.empty()) return DidYouMean(nearest);
  if (names.empty()) return "there are none";
  const size_t listed = std::min(names.size(), kMaxListed);
  const std::string more = listed < names.size() ? absl::StrCat(" and ", names.size() - listed, " more") : "";
  return absl::StrCat("there are ",
                      absl::StrJoin(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(listed), ", "), more);
}

std::string UnknownWord(absl::string_view word, absl::string_view nearest) {
  return nearest.empty() ? Quote(word) : absl::StrCat(Quote(word), "; ", DidYouMean(nearest));
}

}  // namespace sumscope

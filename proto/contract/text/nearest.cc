#include "proto/contract/text/nearest.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"

namespace sumscope {
namespace {

// Levenshtein's distance.
size_t EditDistance(absl::string_view a, absl::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({substituted, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

// How many letters of both words are the same, in the same order.
size_t CommonLetters(absl::string_view a, absl::string_view b) {
  std::vector<size_t> common(b.size() + 1);
  for (const char letter : a) {
    size_t diagonal = 0;
    for (size_t i = 1; i <= b.size(); ++i) {
      const size_t above = common[i];
      common[i] = letter == b[i - 1] ? diagonal + 1 : std::max(common[i], common[i - 1]);
      diagonal = above;
    }
  }
  return common.back();
}

bool Holds(absl::string_view whole, absl::string_view part) {
  constexpr size_t kTellingPart = 4;
  return part.size() >= kTellingPart && absl::StrContains(whole, part);
}

// How far a typed name is from one that exists; nullopt where nobody would take one for the other.
std::optional<size_t> Distance(absl::string_view typed, absl::string_view name) {
  if (Holds(name, typed) || Holds(typed, name)) return typed == name ? 0 : 1;
  constexpr size_t kOf = 5, kMost = 3;
  if (kOf * CommonLetters(typed, name) < kMost * std::max(typed.size(), name.size())) return std::nullopt;
  return EditDistance(typed, name);
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

std::string DidYouMean(absl::string_view typed, const std::vector<std::string>& names) {
  constexpr size_t kMaxListed = 40;
  if (const std::string nearest = Nearest(typed, names); !nearest.empty()) {
    return absl::StrCat("did you mean ", nearest, "?");
  }
  if (names.empty()) return "there are none";
  const size_t listed = std::min(names.size(), kMaxListed);
  const std::string more = listed < names.size() ? absl::StrCat(" and ", names.size() - listed, " more") : "";
  return absl::StrCat("there are ",
                      absl::StrJoin(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(listed), ", "), more);
}

}  // namespace sumscope

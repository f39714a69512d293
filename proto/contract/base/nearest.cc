#include "proto/contract/base/nearest.h"

#include <algorithm>
#include <numeric>

#include "absl/strings/match.h"

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

// How far a typed name is from one that exists: a part of it, like "batch", is one step away.
size_t Distance(absl::string_view typed, absl::string_view name) {
  constexpr size_t kTellingPart = 4;
  if (typed.size() >= kTellingPart && absl::StrContains(name, typed)) return 1;
  return EditDistance(typed, name);
}

}  // namespace

std::string Nearest(absl::string_view typed, const std::vector<std::string>& names) {
  constexpr size_t kMaxCompared = 100;  // bounds the work on a hostile name
  typed = typed.substr(0, kMaxCompared);
  const auto nearest = std::min_element(names.begin(), names.end(), [&](const auto& a, const auto& b) {
    return Distance(typed, a) < Distance(typed, b);
  });
  return nearest == names.end() ? "" : *nearest;
}

}  // namespace sumscope

#include "client/cli/arguments/near.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "proto/contract/base/nearest.h"

namespace sumscope::client {
namespace {

// Whether most letters of both words are the same, in the same order, or `name` holds the word.
bool IsNear(absl::string_view word, absl::string_view name) {
  constexpr size_t kTellingPart = 4;
  if (word.size() >= kTellingPart && absl::StrContains(name, word)) return true;
  std::vector<size_t> common(name.size() + 1);  // letters that the words so far have in common
  for (const char letter : word) {
    size_t diagonal = 0;
    for (size_t i = 1; i <= name.size(); ++i) {
      const size_t above = common[i];
      common[i] = letter == name[i - 1] ? diagonal + 1 : std::max(common[i], common[i - 1]);
      diagonal = above;
    }
  }
  constexpr size_t kOf = 5, kMost = 3;
  return kOf * common.back() >= kMost * std::max(word.size(), name.size());
}

}  // namespace

std::string NearOf(absl::string_view word, const std::vector<std::string>& names) {
  const std::string nearest = Nearest(word, names);
  return IsNear(absl::StripPrefix(word, "--"), absl::StripPrefix(nearest, "--")) ? nearest : "";
}

}  // namespace sumscope::client

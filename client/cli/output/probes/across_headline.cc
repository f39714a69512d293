#include "client/cli/output/probes/across_headline.h"

#include <vector>

#include "client/cli/probe/probes.h"

namespace sumscope::client {

std::optional<size_t> HeadlinePlace(absl::string_view analysis, absl::string_view path) {
  const Probe* const probe = FindProbe(analysis);
  const std::vector<absl::string_view> headlines =
      probe == nullptr ? std::vector<absl::string_view>() : probe->headlines();
  if (headlines.empty()) return 0;
  for (size_t i = 0; i < headlines.size(); ++i) {
    if (MatchesPath(headlines[i], path)) return i;
  }
  return std::nullopt;
}

std::string HeadlineWords(absl::string_view analysis, absl::string_view path) {
  const Probe* const probe = FindProbe(analysis);
  return probe == nullptr ? std::string(path) : probe->HeadlineWords(path);
}

bool MatchesPath(absl::string_view pattern, absl::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] != '*')
    return !text.empty() && text[0] == pattern[0] && MatchesPath(pattern.substr(1), text.substr(1));
  const bool any = pattern.substr(0, 2) == "**";
  const absl::string_view rest = pattern.substr(any ? 2 : 1);
  for (size_t used = 0;; ++used) {
    if (MatchesPath(rest, text.substr(used))) return true;
    if (used == text.size() || (!any && text[used] == '.')) return false;
  }
}

}  // namespace sumscope::client

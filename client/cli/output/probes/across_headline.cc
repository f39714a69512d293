#include "client/cli/output/probes/across_headline.h"

#include <map>
#include <vector>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace sumscope::client {
namespace {

// What matters of each analysis, first things first.
const std::map<absl::string_view, std::vector<absl::string_view>>& Headlines() {
  static const auto* const kHeadlines = new std::map<absl::string_view, std::vector<absl::string_view>>{
      {"evaluate",
       {"exact.rate", "loss", "generated_sample.exact.rate", "digits.*.accuracy.rate", "classes.*.exact.rate",
        "cells.*.accuracy.rate"}},
      {"attention", {"heads.*.rows.*.pair"}},
      {"ablate", {"unablated.loss", "results.**.fail_percent", "results.**.loss"}},
      {"useful_nodes", {"useful_heads", "useful_mlps", "unablated.loss"}},
      {"patch", {"pairs.**.testable", "pairs.**.clean_predicted"}},
      {"subtasks", {"useful_heads", "useful_mlps", "unablated.loss"}},
      {"pca", {"nodes.*.passes", "nodes.*.cluster_agreement", "nodes.*.evr.0"}},
      {"linear_probe", {"held_out.rate", "shuffled.rate", "majority", "train.rate", "held_out_loss"}},
      {"attribution", {"true_logit.*", "parts.**.logits.*"}},
      {"phases", {"order", "cell_order", "digits.*.learnt_step", "cells.*.learnt_step"}},
      {"cascades",
       {"floor.measured_loss", "floor.at_measured_k", "floor.at_sure_s", "floor.at_published_k", "additions.*.k",
        "additions.*.s", "additions.*.exact", "subtractions_positive.*.k", "subtractions_positive.*.s",
        "subtractions_positive.*.exact", "subtractions_negative.*.k", "subtractions_negative.*.s",
        "subtractions_negative.*.exact", "classes.*.exact.rate"}},
      {"algorithm",
       {"useful_heads", "useful_heads_with_purpose", "useful_mlps", "useful_mlps_with_purpose", "clauses.**.holds"}},
  };
  return *kHeadlines;
}

}  // namespace

std::optional<size_t> HeadlinePlace(absl::string_view analysis, absl::string_view path) {
  const auto headlines = Headlines().find(analysis);
  if (headlines == Headlines().end()) return 0;
  for (size_t i = 0; i < headlines->second.size(); ++i) {
    if (MatchesPath(headlines->second[i], path)) return i;
  }
  return std::nullopt;
}

std::string HeadlineWords(absl::string_view analysis, absl::string_view path) {
  if (analysis != "cascades") return std::string(path);
  // additions.A3.k is READS of A3.
  static const auto* const kWords =
      new std::map<absl::string_view, absl::string_view>{{"floor.measured_loss", "measured loss"},
                                                         {"floor.at_measured_k", "floor where each digit reads"},
                                                         {"floor.at_sure_s", "floor where each is sure"},
                                                         {"floor.at_published_k", "floor at k = 2 throughout"},
                                                         {"subtractions_positive", "subtractions, a > b:"},
                                                         {"subtractions_negative", "subtractions, a < b:"},
                                                         {"additions", "additions:"},
                                                         {"k", "READS"},
                                                         {"s", "SURE"}};
  const auto words_of = [](absl::string_view text) {
    const auto words = kWords->find(text);
    return words == kWords->end() ? text : words->second;
  };
  if (words_of(path) != path) return std::string(words_of(path));
  std::vector<absl::string_view> parts = absl::StrSplit(path, '.');
  if (words_of(parts.front()) == parts.front()) return std::string(path);
  for (absl::string_view& part : parts) part = words_of(part);
  return absl::StrJoin(parts, " ");
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

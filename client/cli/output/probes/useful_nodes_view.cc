#include <algorithm>

#include "absl/strings/str_cat.h"
#include "client/cli/output/numbers.h"
#include "client/cli/output/probes/ablated_rows.h"
#include "client/cli/output/probes/node_map.h"
#include "client/cli/output/probes/view_parts.h"

namespace sumscope::client {

std::string ProbeText(const v1::UsefulNodesResult& result, const View& view) {
  std::string text = AlignedPairs(
      {{"unablated", BaselineText(result.unablated())},
       {"ablation", AblationModeText(result.mode())},
       {"useful", absl::StrCat(result.useful_heads(), " heads and ", result.useful_mlps(), " MLPs at some position")}});
  std::vector<std::pair<std::string, std::string>> cells;
  for (const v1::AblatedNodes& node : result.nodes()) {
    const bool fails = node.failed_of_right() > 0;
    cells.emplace_back(
        node.nodes(),
        fails ? absl::StrCat(FailPercentText(node.fail_percent(), fails), " ", node.failing_digits()) : "");
  }
  absl::StrAppend(&text,
                  "\nfailures in percent of the right questions, and the answer digits that fail (\".\": none)\n",
                  NodeMap(cells, view));
  const bool moved = std::any_of(result.nodes().begin(), result.nodes().end(),
                                 [](const v1::AblatedNodes& node) { return node.moved_l2() > 0; });
  if (!moved)
    absl::StrAppend(&text, "\nwarning: no ablation moved anything: the questions are all alike to every node\n");
  if (view.wide) AppendTable(&text, "tags", TagRows(result.tags()), view);
  return text;
}

Table ProbeRows(const v1::UsefulNodesResult& result) {
  return AblatedRows(result.answer_tokens(), result.unablated(), result.nodes());
}

}  // namespace sumscope::client

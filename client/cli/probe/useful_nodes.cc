// sumscope probe RUN[@STEP] useful-nodes: every node at every position, ablated one at a time.
#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "client/cli/arguments/node_options.h"
#include "client/cli/probe/views/ablated_rows.h"
#include "client/cli/probe/views/node_map.h"
#include "client/cli/probe/views/probe.h"
#include "client/cli/probe/views/view_parts.h"

namespace sumscope::client {
namespace {

class UsefulNodesProbe final : public TypedProbe<v1::UsefulNodesRequest, v1::UsefulNodesResult> {
  std::string description() const override {
    return "The map of all heads and MLPs at all positions: what fails without";
  }
  bool follows_training() const override { return true; }
  FillOwn DoAddOptions(Command command) const override {
    const auto options = std::make_shared<AblationOptions>();
    AddAblationOptions(command, options.get());
    return [options](v1::UsefulNodesRequest* request) { return FillAblation(*options, request); };
  }
  std::string DoText(const v1::UsefulNodesResult& result, const View& view) const override {
    std::string text = AlignedPairs({{"unablated", BaselineText(result.unablated())},
                                     {"ablation", AblationModeText(result.mode()) + ByTablesText(result)},
                                     {"useful", absl::StrCat(result.useful_heads(), " heads and ", result.useful_mlps(),
                                                             " MLPs at some position")}});
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
  Table DoRows(const v1::UsefulNodesResult& result) const override {
    return AblatedRows(result.answer_tokens(), result.unablated(), result.nodes());
  }
  std::vector<absl::string_view> headlines() const override {
    return {"useful_heads", "useful_mlps", "unablated.loss"};
  }
};

}  // namespace

const Probe& ProbeUsefulNodes() {
  static const auto* const kProbe = new UsefulNodesProbe;
  return *kProbe;
}

}  // namespace sumscope::client

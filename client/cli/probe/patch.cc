// sumscope probe RUN[@STEP] patch: activations of one question written into another.
#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/arguments/node_options.h"
#include "client/cli/output/numbers.h"
#include "client/cli/probe/views/probe.h"
#include "client/cli/probe/views/view_parts.h"

namespace sumscope::client {
namespace {

struct ProbePatchOptions {
  std::vector<std::string> nodes;
  bool head_pairs = false;
};

std::string ExpectedText(const v1::PatchedPair& pair) {
  return absl::StrJoin(pair.expected(), " ", [](std::string* out, const v1::ExpectedAnswer& expected) {
    absl::StrAppend(out, expected.answer(), "..");
  });
}

std::string StrongText(const v1::PatchedNodes& nodes) {
  return absl::StrJoin(nodes.strong_for(), " ",
                       [](std::string* out, uint32_t digit) { absl::StrAppend(out, "D", digit); });
}

// Nodes that changed the answer; all with -o wide.
Table Nodes(const v1::PatchResult& result, const v1::PatchedPair& pair, const View& view) {
  Table table({{"NODES", kEverywhere, false, /*wrap=*/14},
               {"ANSWER"},
               {"IMPACT"},
               {"AS EXPECTED FOR", kEverywhere, false, /*wrap=*/8},
               NumberColumn("MOVED"),
               NumberColumn("LOSS"),
               NumberColumn("MARGIN", kInWide)});
  for (int i = 0; i < std::min(pair.results_size(), result.nodes_size()); ++i) {
    const v1::PatchedNodes& nodes = pair.results(i);
    if (!view.wide && nodes.predicted() == pair.clean_predicted()) continue;
    table.AddRow({result.nodes(i), nodes.predicted(), nodes.impact(), StrongText(nodes), FormatDigits(nodes.l2(), 3),
                  FormatLoss(nodes.loss()), FormatDigits(nodes.margin(), 3)});
  }
  return table;
}

class PatchProbe final : public TypedProbe<v1::PatchRequest, v1::PatchResult> {
  std::string description() const override {
    return "Write a store question's activations into a clean question: --questions tasks: or pairs:";
  }
  FillOwn DoAddOptions(Command command) const override {
    const auto options = std::make_shared<ProbePatchOptions>();
    AddNodeSets(command, &options->nodes,
                "a node set to patch, again for the next one (default: every head from the operator on)");
    command.AddFlag("--head-pairs", &options->head_pairs, "without --nodes: every pair of heads of one layer too");
    return [options](v1::PatchRequest* patch) {
      for (const std::string& nodes : options->nodes) patch->add_node_sets(nodes);
      if (options->head_pairs) patch->set_head_pairs(true);
      return absl::OkStatus();
    };
  }
  std::string DoText(const v1::PatchResult& result, const View& view) const override {
    std::string text =
        absl::StrCat(Counted(static_cast<uint64_t>(result.nodes_size()), "node set"),
                     " patched from the store into the clean question of ",
                     Counted(static_cast<uint64_t>(result.pairs_size()), "pair"), ByTablesText(result), "\n");
    for (const v1::PatchedPair& pair : result.pairs()) {
      absl::StrAppend(
          &text, "\n",
          AlignedPairs(
              {{"pair", absl::StrCat(pair.id(), pair.testable() ? "" : " (not testable)")},
               {"store", absl::StrCat(pair.store(), "=", pair.store_true(), ", answered ", pair.store_predicted())},
               {"clean", absl::StrCat(pair.clean(), "=", pair.clean_true(), ", answered ", pair.clean_predicted())},
               {"expected", ExpectedText(pair)}}));
      const Table nodes = Nodes(result, pair, view);
      const auto changes =
          std::count_if(pair.results().begin(), pair.results().end(),
                        [&](const v1::PatchedNodes& one) { return one.predicted() != pair.clean_predicted(); });
      if (changes > 0) {
        absl::StrAppend(&text, changes, " of ", pair.results_size(), " node sets change the answer\n");
      }
      absl::StrAppend(&text, nodes.empty() ? "no node changes the answer\n"
                                           : nodes.Aligned(view.wide ? kInWide : kInTable, true, view.width));
    }
    AppendWarnings(&text, result.warnings());
    return text;
  }
  Table DoRows(const v1::PatchResult& result) const override {
    Table table({{"pair"},
                 {"task"},
                 {"store"},
                 {"clean"},
                 {"clean_true"},
                 {"clean_predicted"},
                 {"testable"},
                 {"nodes"},
                 {"predicted"},
                 {"impact"},
                 {"strong_for"},
                 {"l2"},
                 {"loss"},
                 {"margin"}});
    for (const v1::PatchedPair& pair : result.pairs()) {
      for (int i = 0; i < std::min(pair.results_size(), result.nodes_size()); ++i) {
        const v1::PatchedNodes& nodes = pair.results(i);
        table.AddRow({pair.id(), pair.task(), pair.store(), pair.clean(), pair.clean_true(), pair.clean_predicted(),
                      pair.testable() ? "true" : "false", result.nodes(i), nodes.predicted(), nodes.impact(),
                      absl::StrJoin(nodes.strong_for(), " "), ShortestDouble(nodes.l2()), ShortestDouble(nodes.loss()),
                      ShortestDouble(nodes.margin())});
      }
    }
    return table;
  }
  std::vector<absl::string_view> headlines() const override {
    return {"pairs.**.testable", "pairs.**.clean_predicted"};
  }
};

}  // namespace

const Probe& ProbePatch() {
  static const auto* const kProbe = new PatchProbe;
  return *kProbe;
}

}  // namespace sumscope::client

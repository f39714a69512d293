#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/output/numbers.h"
#include "client/cli/output/probes/view_parts.h"

namespace sumscope::client {
namespace {

std::string EvrText(const v1::PcaNode& node) {
  return absl::StrJoin(node.evr(), " ",
                       [](std::string* out, double share) { absl::StrAppend(out, WholePercent(100 * share)); });
}

std::string Optional(bool has, double value) { return has ? FormatDigits(value, 3) : ""; }
std::string OptionalExact(bool has, double value) { return has ? ShortestDouble(value) : ""; }

}  // namespace

std::string ProbeText(const v1::PcaResult& result, const View& view) {
  std::vector<std::string> cases;
  for (int i = 0; i < std::min(result.labels_size(), result.counts_size()); ++i) {
    cases.push_back(absl::StrCat(result.labels(i), " (", FormatCount(result.counts(i)), ")"));
  }
  std::string text =
      AlignedPairs({{"tri-cases", absl::StrCat("of D", result.digit(), ": ", absl::StrJoin(cases, ", "))},
                    {"passes", "explained > 30 % by the first component, silhouette >= 0.20, CH >= 50, agrees > 50 %"},
                    {"note", "a pass is no evidence of use: ask useful-nodes first"}});
  Table table({{"NODE"},
               {"PASSES"},
               {"EXPLAINED"},
               RoomyColumn("VARIANCE", 1),
               NumberColumn("SILHOUETTE"),
               NumberColumn("CH"),
               NumberColumn("K"),
               NumberColumn("AGREES"),
               NumberColumn("LABEL SIL."),
               NumberColumn("LABEL CH")});
  for (const v1::PcaNode& node : result.nodes()) {
    table.AddRow({node.node(), node.passes() ? "yes" : "no", EvrText(node), FormatDigits(node.total_variance(), 3),
                  Optional(node.has_cluster_silhouette(), node.cluster_silhouette()),
                  Optional(node.has_cluster_ch(), node.cluster_ch()),
                  node.has_cluster_k() ? absl::StrCat(node.cluster_k()) : "",
                  node.has_cluster_agreement() ? WholePercent(100 * node.cluster_agreement()) : "",
                  Optional(node.has_label_silhouette(), node.label_silhouette()),
                  Optional(node.has_label_ch(), node.label_ch())});
  }
  AppendTable(&text, "nodes", table, view);
  if (!result.nodes().empty() && !result.nodes(0).scores().empty()) {
    absl::StrAppend(&text, "\nthe scores of each question: -o json or csv\n");
  }
  return text;
}

Table ProbeRows(const v1::PcaResult& result) {
  // One row a node and component; with scores also one a question.
  Table table({{"node"},
               {"row"},
               {"component"},
               {"value"},
               {"label"},
               {"total_variance"},
               {"label_silhouette"},
               {"label_ch"},
               {"cluster_silhouette"},
               {"cluster_ch"},
               {"cluster_agreement"},
               {"cluster_k"},
               {"passes"}});
  for (const v1::PcaNode& node : result.nodes()) {
    for (int i = 0; i < node.evr_size(); ++i) {
      table.AddRow({node.node(), "evr", absl::StrCat(i), ShortestDouble(node.evr(i)), "",
                    ShortestDouble(node.total_variance()),
                    OptionalExact(node.has_label_silhouette(), node.label_silhouette()),
                    OptionalExact(node.has_label_ch(), node.label_ch()),
                    OptionalExact(node.has_cluster_silhouette(), node.cluster_silhouette()),
                    OptionalExact(node.has_cluster_ch(), node.cluster_ch()),
                    OptionalExact(node.has_cluster_agreement(), node.cluster_agreement()),
                    node.has_cluster_k() ? absl::StrCat(node.cluster_k()) : "", node.passes() ? "true" : "false"});
    }
    for (int question = 0; question < node.scores_size(); ++question) {
      const v1::PcaScores& scores = node.scores(question);
      for (int i = 0; i < scores.values_size(); ++i) {
        table.AddRow({node.node(), absl::StrCat("score ", question), absl::StrCat(i),
                      ShortestDouble(static_cast<double>(scores.values(i))), scores.label()});
      }
    }
  }
  return table;
}

}  // namespace sumscope::client

// sumscope probe RUN[@STEP] pca: what a head's output varies by.
#include <algorithm>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/base/unsigned.h"
#include "client/cli/arguments/node_options.h"
#include "client/cli/output/numbers.h"
#include "client/cli/probe/views/probe.h"
#include "client/cli/probe/views/view_parts.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/text/quote.h"

namespace sumscope::client {
namespace {

struct ProbePcaOptions {
  std::vector<std::string> nodes;
  std::string digit;
  std::optional<uint64_t> components, seed;
  bool scores = false;
};

std::string EvrText(const v1::PcaNode& node) {
  return absl::StrJoin(node.evr(), " ",
                       [](std::string* out, double share) { absl::StrAppend(out, WholePercent(100 * share)); });
}

std::string Optional(bool has, double value) { return has ? FormatDigits(value, 3) : ""; }
std::string OptionalExact(bool has, double value) { return has ? ShortestDouble(value) : ""; }

class PcaProbe final : public TypedProbe<v1::PcaRequest, v1::PcaResult> {
  std::string description() const override { return "Principal components of heads over questions of each tri-case"; }
  FillOwn DoAddOptions(Command command) const override {
    const auto options = std::make_shared<ProbePcaOptions>();
    AddNodeSets(command, &options->nodes, "a head with a position, P14L0H1, again for the next one (default: all)")
        .type_name("NODE");
    command.Add("--digit", &options->digit, "whose tri-case labels the questions (default: that of tricase:)")
        .type_name("D2");
    command.AddUnsigned("--components", &options->components, "how many, 3 by default, at most 10",
                        std::numeric_limits<uint32_t>::max());
    command.AddFlag("--scores", &options->scores, "also each question's scores; at most 10 nodes");
    command.AddUnsigned("--seed", &options->seed, "of k-means (default 0)");
    return [options](v1::PcaRequest* pca) -> absl::Status {
      for (const std::string& node : options->nodes) pca->add_nodes(node);
      if (!options->digit.empty()) {
        const std::optional<uint64_t> digit = ParseDigit(options->digit);
        if (!digit) {
          return InvalidField("USAGE", "digit",
                              absl::StrCat("--digit takes a column like D2 or 2, not ", Quote(options->digit)));
        }
        pca->set_digit(static_cast<uint32_t>(*digit));
      }
      if (options->components) pca->set_components(static_cast<uint32_t>(*options->components));
      if (options->scores) pca->set_with_scores(true);
      if (options->seed) pca->set_seed(*options->seed);
      return absl::OkStatus();
    };
  }
  std::string DoText(const v1::PcaResult& result, const View& view) const override {
    std::vector<std::string> cases;
    for (int i = 0; i < std::min(result.labels_size(), result.counts_size()); ++i) {
      cases.push_back(absl::StrCat(result.labels(i), " (", FormatCount(result.counts(i)), ")"));
    }
    std::string text = AlignedPairs(
        {{"tri-cases", absl::StrCat("of D", result.digit(), ": ", absl::StrJoin(cases, ", "))},
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
  Table DoRows(const v1::PcaResult& result) const override {
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
  std::vector<absl::string_view> headlines() const override {
    return {"nodes.*.passes", "nodes.*.cluster_agreement", "nodes.*.evr.0"};
  }
};

}  // namespace

const Probe& ProbePca() {
  static const auto* const kProbe = new PcaProbe;
  return *kProbe;
}

}  // namespace sumscope::client

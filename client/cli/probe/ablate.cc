// sumscope probe RUN[@STEP] ablate: what fails without some nodes.
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/arguments/node_options.h"
#include "client/cli/output/numbers.h"
#include "client/cli/probe/views/ablated_rows.h"
#include "client/cli/probe/views/probe.h"
#include "client/cli/probe/views/view_parts.h"
#include "proto/contract/errors/errors.h"

namespace sumscope::client {
namespace {

struct ProbeAblateOptions {
  std::vector<std::string> nodes;
  AblationOptions ablation;
};

std::string ClassesText(const v1::AblatedNodes& nodes) {
  return absl::StrJoin(nodes.classes(), " ", [](std::string* out, const v1::ClassHits& hits) {
    absl::StrAppend(out, hits.question_class(), "=", hits.failed(), "/", hits.right());
  });
}

Table Operations(const v1::AblateResult& result) {
  Table table(
      {{"NODES", kEverywhere, false, /*wrap=*/14}, {"QUESTIONS"}, NumberColumn("FAILED"), NumberColumn("OF RIGHT")});
  for (const v1::AblatedNodes& nodes : result.results()) {
    for (const v1::OperationHits& hits : nodes.operations()) {
      table.AddRow(
          {nodes.nodes(), OperationText(hits.operation()), FormatCount(hits.failed()), FormatCount(hits.right())});
    }
  }
  return table;
}

class AblateProbe final : public TypedProbe<v1::AblateRequest, v1::AblateResult> {
  std::string description() const override { return "What fails without some nodes"; }
  FillOwn DoAddOptions(Command command) const override {
    const auto options = std::make_shared<ProbeAblateOptions>();
    AddNodeSets(command, &options->nodes,
                "P14L0H1, P14L0MLP, P14L0, L0H1, L0MLP, P14 or L0, several joined by ',' are ablated together; each "
                "--nodes is ablated on its own");
    AddAblationOptions(command, &options->ablation);
    return [options](v1::AblateRequest* ablate) -> absl::Status {
      if (options->nodes.empty()) {
        return InvalidField("USAGE", "nodes", "say which nodes to ablate: --nodes P14L0H1, and again for the next set");
      }
      for (const std::string& nodes : options->nodes) ablate->add_node_sets(nodes);
      return FillAblation(options->ablation, ablate);
    };
  }
  std::string DoBrief(const v1::AblateRequest& request) const override {
    return absl::StrJoin(request.node_sets(), " ");
  }
  std::string DoText(const v1::AblateResult& result, const View& view) const override {
    Table table({{"NODES", kEverywhere, false, /*wrap=*/14},
                 NumberColumn("FAIL%"),
                 NumberColumn("FAILED"),
                 {"DIGITS"},
                 {"IMPACT"},
                 NumberColumn("LOSS"),
                 NumberColumn("MOVED"),
                 {"WRONG PER DIGIT", kInWide, false, /*wrap=*/16},
                 {"FAILED OF CLASS", kForPeople, false, /*wrap=*/16}});
    for (const v1::AblatedNodes& nodes : result.results()) {
      table.AddRow({nodes.nodes(), FailPercentText(nodes.fail_percent(), nodes.failed_of_right() > 0),
                    FormatCount(nodes.failed_of_right()), nodes.failing_digits(), nodes.impact(),
                    FormatLoss(nodes.loss()), FormatDigits(nodes.moved_l2(), 3),
                    CountsText(result.answer_tokens(), nodes.failed_digits_of_right()), ClassesText(nodes)});
    }
    std::string text = AlignedPairs({{"unablated", BaselineText(result.unablated())},
                                     {"ablation", AblationModeText(result.mode()) + ByTablesText(result)},
                                     {"counted", "questions that are right without ablation"}});
    AppendTable(&text, "each node set ablated on its own", table, view);
    AppendTable(&text, "by operation", Operations(result), view);
    AppendWarnings(&text, result.warnings());
    return text;
  }
  Table DoRows(const v1::AblateResult& result) const override {
    return AblatedRows(result.answer_tokens(), result.unablated(), result.results());
  }
  std::vector<absl::string_view> headlines() const override {
    return {"unablated.loss", "results.**.fail_percent", "results.**.loss"};
  }
};

}  // namespace

const Probe& ProbeAblate() {
  static const auto* const kProbe = new AblateProbe;
  return *kProbe;
}

}  // namespace sumscope::client

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/output/numbers.h"
#include "client/cli/output/probes/ablated_rows.h"
#include "client/cli/output/probes/view_parts.h"

namespace sumscope::client {
namespace {

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

}  // namespace

std::string ProbeText(const v1::AblateResult& result, const View& view) {
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
                                   {"ablation", AblationModeText(result.mode())},
                                   {"counted", "questions that are right without ablation"}});
  AppendTable(&text, "each node set ablated on its own", table, view);
  AppendTable(&text, "by operation", Operations(result), view);
  AppendWarnings(&text, result.warnings());
  return text;
}

Table ProbeRows(const v1::AblateResult& result) {
  return AblatedRows(result.answer_tokens(), result.unablated(), result.results());
}

}  // namespace sumscope::client

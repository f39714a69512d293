#include "absl/strings/str_cat.h"
#include "client/cli/output/numbers.h"
#include "client/cli/output/probes/view_parts.h"

namespace sumscope::client {
namespace {

const char* Verdict(const v1::AlgorithmClause& clause) {
  if (!clause.testable()) return "not testable";
  return clause.holds() ? "yes" : "no";
}

}  // namespace

std::string ProbeText(const v1::AlgorithmResult& result, const View& view) {
  int holds = 0, testable = 0;
  Table table({{"CLAUSE", kForPeople, false, /*wrap=*/20},
               {"HOLDS"},
               {"CLAIM", kForPeople, false, /*wrap=*/40},
               {"EVIDENCE", kForPeople, false, /*wrap=*/22}});
  for (const v1::AlgorithmClause& clause : result.clauses()) {
    testable += clause.testable() ? 1 : 0;
    holds += clause.testable() && clause.holds() ? 1 : 0;
    table.AddRow({clause.name(), Verdict(clause), clause.text(), clause.evidence()});
  }
  std::string text =
      AlignedPairs({{"clauses that hold", absl::StrCat(holds, " of ", testable, " testable")},
                    {"heads with a purpose", ShareText(result.useful_heads_with_purpose(), result.useful_heads())},
                    {"MLPs with a purpose", ShareText(result.useful_mlps_with_purpose(), result.useful_mlps())}});
  absl::StrAppend(&text,
                  "a head has a purpose where a finding names it,\n"
                  "an MLP where one names a head of its layer and position\n");
  AppendTable(&text, "clauses", table, view);
  if (result.has_verdict()) absl::StrAppend(&text, "\nlook-back\n", ProbeText(result.verdict(), view));
  if (result.has_subtasks()) absl::StrAppend(&text, "\nsub-tasks\n", ProbeText(result.subtasks(), view));
  return text;
}

Table ProbeRows(const v1::AlgorithmResult& result) {
  Table table({{"clause"}, {"holds"}, {"testable"}, {"text"}, {"evidence"}});
  for (const v1::AlgorithmClause& clause : result.clauses()) {
    table.AddRow({clause.name(), clause.holds() ? "true" : "false", clause.testable() ? "true" : "false", clause.text(),
                  clause.evidence()});
  }
  return table;
}

}  // namespace sumscope::client

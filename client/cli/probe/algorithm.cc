// sumscope probe RUN[@STEP] algorithm: the published algorithm's clauses, tested.
#include <limits>
#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "client/cli/arguments/node_options.h"
#include "client/cli/probe/probes.h"
#include "client/cli/probe/views/probe.h"
#include "client/cli/probe/views/view_parts.h"

namespace sumscope::client {
namespace {

struct ProbeAlgorithmOptions {
  AblationOptions ablation;
  std::optional<uint64_t> per_cell;
};

const char* HoldsText(const v1::AlgorithmClause& clause) {
  if (!clause.testable()) return "not testable";
  return clause.holds() ? "yes" : "no";
}

// A part of the result, as the kind shows it that finds that alone.
template <typename Part>
std::string PartText(const Part& part, const View& view) {
  v1::AnalysisResult result;
  *OneofMember<v1::AnalysisResult, Part>().Mutable(&result) = part;
  return ProbeOf(result)->Text(result, view);
}

class AlgorithmProbe final : public TypedProbe<v1::AlgorithmRequest, v1::AlgorithmResult> {
  std::string description() const override {
    return "The algorithm's clauses tested against the nodes, with the look-back verdict";
  }
  bool follows_training() const override { return true; }
  FillOwn DoAddOptions(Command command) const override {
    const auto options = std::make_shared<ProbeAlgorithmOptions>();
    AddAblationOptions(command, &options->ablation);
    command.AddUnsigned("--per-cell", &options->per_cell,
                        "questions of the verdict per digit and length (default 1000)",
                        std::numeric_limits<uint32_t>::max());
    return [options](v1::AlgorithmRequest* algorithm) {
      if (options->per_cell) algorithm->set_per_cell(static_cast<uint32_t>(*options->per_cell));
      return FillAblation(options->ablation, algorithm);
    };
  }
  Pairs DoDescribe(const v1::AlgorithmRequest& request) const override {
    return {{"verdict", PerCellText(request.per_cell())}, {"ablation", SeededModeText(request)}};
  }
  std::string DoText(const v1::AlgorithmResult& result, const View& view) const override {
    int holds = 0, testable = 0;
    Table table({{"CLAUSE", kForPeople, false, /*wrap=*/20},
                 {"HOLDS"},
                 {"CLAIM", kForPeople, false, /*wrap=*/40},
                 {"EVIDENCE", kForPeople, false, /*wrap=*/22}});
    for (const v1::AlgorithmClause& clause : result.clauses()) {
      testable += clause.testable() ? 1 : 0;
      holds += clause.testable() && clause.holds() ? 1 : 0;
      table.AddRow({clause.name(), HoldsText(clause), clause.text(), clause.evidence()});
    }
    std::string text =
        AlignedPairs({{"clauses that hold", absl::StrCat(holds, " of ", testable, " testable")},
                      {"heads with a purpose", ShareText(result.useful_heads_with_purpose(), result.useful_heads())},
                      {"MLPs with a purpose", ShareText(result.useful_mlps_with_purpose(), result.useful_mlps())}});
    absl::StrAppend(&text,
                    "a head has a purpose where a finding names it,\n"
                    "an MLP where one names a head of its layer and position\n");
    AppendTable(&text, "clauses", table, view);
    if (result.has_verdict()) absl::StrAppend(&text, "\nlook-back\n", PartText(result.verdict(), view));
    if (result.has_subtasks()) absl::StrAppend(&text, "\nsub-tasks\n", PartText(result.subtasks(), view));
    return text;
  }
  Table DoRows(const v1::AlgorithmResult& result) const override {
    Table table({{"clause"}, {"holds"}, {"testable"}, {"text"}, {"evidence"}});
    for (const v1::AlgorithmClause& clause : result.clauses()) {
      table.AddRow({clause.name(), clause.holds() ? "true" : "false", clause.testable() ? "true" : "false",
                    clause.text(), clause.evidence()});
    }
    return table;
  }
  std::vector<absl::string_view> headlines() const override {
    return {"useful_heads", "useful_heads_with_purpose", "useful_mlps", "useful_mlps_with_purpose", "clauses.**.holds"};
  }
};

}  // namespace

const Probe& ProbeAlgorithm() {
  static const auto* const kProbe = new AlgorithmProbe;
  return *kProbe;
}

}  // namespace sumscope::client

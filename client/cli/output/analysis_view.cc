#include "client/cli/output/analysis_view.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/output/evaluate_view.h"
#include "client/cli/output/numbers.h"
#include "client/cli/output/run_view.h"
#include "proto/contract/spec_fields.h"

namespace sumscope::client {
namespace {

std::string StepOf(const std::string& checkpoint) { return checkpoint.substr(checkpoint.rfind('/') + 1); }

nlohmann::ordered_json AnalysisJson(const v1::Analysis& analysis, bool from_cache) {
  nlohmann::ordered_json json = {{"name", analysis.name()},
                                 {"analysis", analysis.analysis()},
                                 {"checkpoint", analysis.checkpoint()},
                                 {"request", ToJson(analysis.request())},
                                 {"question_set", ToJson(analysis.question_set())},
                                 {"provenance", ToJson(analysis.provenance())},
                                 {"from_cache", from_cache},
                                 {"result", nullptr}};
  if (analysis.has_result()) {
    json["result"] = ToJson(analysis.result());
  } else {
    json["state"] = v1::State_Name(analysis.state());
    json["state_reason"] = analysis.state_reason();
    json["state_detail"] = analysis.state_detail();
  }
  return json;
}

std::string ProvenanceText(const v1::Provenance& provenance) {
  if (provenance.host().empty() && provenance.sumscope_version().empty()) return "";
  return absl::StrFormat("%s of %s with %d threads, %s; sumscope %s %s, torch %s", provenance.device(),
                         provenance.host(), provenance.threads(), FormatSpan(absl::Seconds(provenance.seconds())),
                         provenance.sumscope_version(), provenance.git_hash(), provenance.torch_version());
}

std::string AnalysisText(const v1::Analysis& analysis, bool from_cache, bool wide) {
  std::string text =
      AlignedPairs({{"analysis", analysis.name()},
                    {"question", absl::StrCat(analysis.analysis(), " of ", analysis.checkpoint())},
                    {"questions", DescribeQuestions(analysis.question_set())},
                    {"state", analysis.has_result() ? "" : DescribeState(analysis.state(), analysis.state_reason())},
                    {"detail", analysis.has_result() ? "" : analysis.state_detail()},
                    {"computed", ProvenanceText(analysis.provenance())},
                    {"from cache", from_cache ? "yes" : ""}});
  if (analysis.result().has_evaluate()) {
    absl::StrAppend(&text, "\n", EvaluateText(analysis.result().evaluate(), wide));
  }
  return text;
}

}  // namespace

std::string DescribeQuestions(const v1::QuestionSet& questions) {
  std::string text;
  switch (questions.kind_case()) {
    case v1::QuestionSet::kUniform:
      text = absl::StrCat("uniform:", questions.uniform().count());
      break;
    case v1::QuestionSet::kOfClass:
      text = absl::StrCat("class:", questions.of_class().question_class(), ":", questions.of_class().count());
      break;
    case v1::QuestionSet::kStratified:
      text = absl::StrCat("stratified:", questions.stratified().count_per_class());
      break;
    case v1::QuestionSet::kList:
      text = absl::StrCat(questions.list().questions_size(), " listed");
      break;
    case v1::QuestionSet::KIND_NOT_SET:
      return "";
  }
  if (questions.has_seed()) absl::StrAppend(&text, ", seed ", questions.seed());
  if (questions.has_operation()) {
    absl::StrAppend(&text, ", ", ShortEnumName(v1::Operation_descriptor()->FindValueByNumber(questions.operation())));
  }
  return text;
}

Document ShowAnalyses(const Session& session, const std::vector<v1::Analysis>& analyses, absl::Time now) {
  Table table({{"NAME"},
               {"ANALYSIS"},
               {"CHECKPOINT", kInCsv},
               {"STEP", kForPeople, true},
               {"STATE"},
               {"QUESTIONS"},
               {"AGE", kForPeople, true},
               {"OWNER"},
               {"REASON", kInWide | kInCsv},
               {"CREATED", kInWide},
               {"create_time", kInCsv}});
  for (const v1::Analysis& analysis : analyses) {
    const std::string created = analysis.has_create_time() ? FormatTime(analysis.create_time()) : "";
    table.AddRow({analysis.name(), analysis.analysis(), analysis.checkpoint(), StepOf(analysis.checkpoint()),
                  v1::State_Name(analysis.state()), DescribeQuestions(analysis.question_set()),
                  analysis.has_create_time() ? FormatAge(now - ToTime(analysis.create_time())) : "", analysis.owner(),
                  analysis.state_reason(), created, created});
  }
  Document document = session.FromTable(table);
  for (const v1::Analysis& analysis : analyses) {
    document.ids.push_back(analysis.name());
    document.items.push_back(ToJson(analysis));
  }
  return document;
}

Document ShowAnalysis(const Session& session, const v1::Analysis& analysis, bool from_cache) {
  Document document;
  document.json = AnalysisJson(analysis, from_cache);
  document.items = {document.json};
  document.ids = {analysis.name()};
  document.table = AnalysisText(analysis, from_cache, /*wide=*/false);
  document.wide = AnalysisText(analysis, from_cache, /*wide=*/true);
  if (analysis.result().has_evaluate()) {
    document.csv = EvaluateRows(analysis.result().evaluate()).Csv(!session.output().no_headers);
  }
  return document;
}

}  // namespace sumscope::client

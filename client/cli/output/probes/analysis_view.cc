#include "client/cli/output/probes/analysis_view.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/cli/arguments/names.h"
#include "client/cli/output/numbers.h"
#include "client/cli/output/runs/run_view.h"
#include "client/cli/probe/probes.h"
#include "proto/contract/base/timestamp.h"
#include "proto/contract/models/spec_fields.h"
#include "proto/contract/names/resource_names.h"
#include "proto/contract/text/terminal_text.h"

namespace sumscope::client {
namespace {

constexpr size_t kHashShown = 12;
constexpr int kBriefWidth = 22;       // of questions that are spelled out
constexpr int kQuestionsWidth = 160;  // of questions and settings, on a terminal without -o wide

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
  if (provenance.host().empty()) return "";  // nothing was computed: tags that were imported
  return absl::StrFormat("%s of %s with %s, %s; sumscope %s %s, torch %s", provenance.device(), provenance.host(),
                         Counted(provenance.threads(), "thread"), FormatSpan(absl::Seconds(provenance.seconds())),
                         provenance.sumscope_version(), provenance.git_hash(), provenance.torch_version());
}

// "45 %", "" for one that does not move.
std::string ProgressText(const v1::Analysis& analysis) {
  const bool moves = analysis.state() == v1::RUNNING && analysis.progress() > 0;
  return moves ? absl::StrCat(RoundPercent(100 * analysis.progress(), 0), " %") : "";
}

// "RUNNING 45 %".
std::string StateInList(const v1::Analysis& analysis) {
  const std::string progress = ProgressText(analysis);
  return absl::StrCat(v1::State_Name(analysis.state()), progress.empty() ? "" : " ", progress);
}

// What was asked beside the questions; nothing where the server knows more kinds than this client.
Probe::Pairs DescribeRequest(const v1::AnalysisRequest& request) {
  const Probe* const probe = ProbeOf(request);
  return probe == nullptr ? Probe::Pairs() : probe->Describe(request);
}

std::string AnalysisText(const v1::Analysis& analysis, const View& view, bool from_cache) {
  const bool whole = view.wide || view.width == 0;  // pipes get all
  const std::string questions = DescribeQuestions(analysis.question_set());
  std::vector<std::pair<std::string, std::string>> pairs = {
      {"analysis", analysis.name()},
      {"question", absl::StrCat(analysis.analysis(), " of ", analysis.checkpoint())},
      {"questions", whole ? questions : FitWidth(questions, kQuestionsWidth)}};
  for (auto& [name, value] : DescribeRequest(analysis.request())) {
    pairs.emplace_back(name, whole ? value : FitWidth(value, kQuestionsWidth));
  }
  const Probe* const probe = ProbeOf(analysis.result());
  pairs.emplace_back("used", probe == nullptr ? "" : probe->UsedQuestions(analysis));
  if (!analysis.has_result()) {
    pairs.emplace_back("state", DescribeState(analysis.state(), analysis.state_reason()));
    pairs.emplace_back("progress", ProgressText(analysis));
    pairs.emplace_back("detail", analysis.state_detail());
  }
  pairs.emplace_back("computed", ProvenanceText(analysis.provenance()));
  pairs.emplace_back("from cache", from_cache ? "yes" : "");
  std::string text = AlignedPairs(pairs);
  if (probe != nullptr) absl::StrAppend(&text, "\n", probe->Text(analysis.result(), view));
  return text;
}

std::string PairsText(const v1::PairQuestions& pairs) {
  if (!pairs.tasks().empty()) return absl::StrCat("tasks:", absl::StrJoin(pairs.tasks(), ","));
  if (pairs.pairs_size() != 1) return absl::StrCat(pairs.pairs_size(), " pairs");
  return absl::StrCat("pairs:", pairs.pairs(0).store(), "/", pairs.pairs(0).clean());
}

std::string OperationName(const v1::QuestionSet& questions) {
  return ShortEnumName(v1::Operation_descriptor()->FindValueByNumber(questions.operation()));
}

// The questions alone, as they are asked for on the command line where that is short.
std::string KindText(const v1::QuestionSet& questions) {
  switch (questions.kind_case()) {
    case v1::QuestionSet::kUniform:
      return absl::StrCat("uniform:", questions.uniform().count());
    case v1::QuestionSet::kOfClass:
      return absl::StrCat("class:", questions.of_class().question_class(), ":", questions.of_class().count());
    case v1::QuestionSet::kStratified:
      return absl::StrCat("stratified:", questions.stratified().count_per_class());
    case v1::QuestionSet::kList:
      return questions.list().questions_size() == 1 ? questions.list().questions(0)
                                                    : absl::StrCat("list of ", questions.list().questions_size());
    case v1::QuestionSet::kEnriched:
      return absl::StrCat("enriched:", questions.enriched().count());
    case v1::QuestionSet::kTricase:
      return absl::StrCat("tricase:D", questions.tricase().digit(), ":", questions.tricase().count_per_case());
    case v1::QuestionSet::kPairs:
      return PairsText(questions.pairs());
    case v1::QuestionSet::kUploaded:
      return absl::StrCat("sha256:", questions.uploaded().sha256().substr(0, kHashShown));
    case v1::QuestionSet::KIND_NOT_SET:
      // Lists of analyses leave long lists of questions out; what asks no questions has no operation either.
      if (!questions.has_operation()) return "";
      return absl::StrCat("list ", questions.sha256().substr(0, kHashShown));
  }
  return "";
}

}  // namespace

std::string DescribeQuestions(const v1::QuestionSet& questions) {
  std::string text = KindText(questions);
  if (text.empty()) return "";
  if (questions.has_seed()) absl::StrAppend(&text, ", seed ", questions.seed());
  if (questions.has_operation()) absl::StrAppend(&text, ", ", OperationName(questions));
  return text;
}

std::string BriefQuestions(const v1::QuestionSet& questions, int width) {
  std::string text = KindText(questions);
  const bool spelled_out = questions.list().questions_size() == 1 || questions.has_pairs();
  if (spelled_out) return width > 0 ? FitWidth(text, kBriefWidth) : text;
  if (text.empty()) return "";
  if (questions.seed() != 0) absl::StrAppend(&text, ", seed ", questions.seed());
  if (questions.has_operation()) absl::StrAppend(&text, ", ", OperationName(questions));
  return text;
}

Document ShowAnalyses(const Session& session, const std::vector<v1::Analysis>& analyses, absl::Time now) {
  Table table({{"NAME", kForPeople},
               {"NAME", kInCsv},
               {"ANALYSIS", kForPeople, false, /*wrap=*/13},
               {"ANALYSIS", kInCsv},
               {"CHECKPOINT", kInCsv},
               {"STEP", kForPeople, true},
               {"STATE", kForPeople, false, /*wrap=*/10},
               {"STATE", kInCsv},
               {"QUESTIONS", kInTable, false, /*wrap=*/18},
               {"QUESTIONS", kInWide, false, /*wrap=*/18},
               {"QUESTIONS", kInCsv},
               {"AGE", kForPeople, true},
               {"OWNER", kEverywhere, false, 0, 0, /*drop=*/1},
               {"REASON", kInWide | kInCsv},
               {"CREATED", kInWide},
               {"create_time", kInCsv}});
  for (const v1::Analysis& analysis : analyses) {
    const std::string created = analysis.has_create_time() ? FormatTime(analysis.create_time()) : "";
    const Probe* const probe = ProbeOf(analysis.request());
    const std::string asked = probe == nullptr ? "" : probe->Brief(analysis.request());
    table.AddRow({ShortNameOf(analysis.name()), analysis.name(),
                  absl::StrCat(analysis.analysis(), asked.empty() ? "" : " ", asked), analysis.analysis(),
                  analysis.checkpoint(), IdOf(analysis.checkpoint()), StateInList(analysis),
                  v1::State_Name(analysis.state()), BriefQuestions(analysis.question_set(), session.width()),
                  DescribeQuestions(analysis.question_set()), DescribeQuestions(analysis.question_set()),
                  analysis.has_create_time() ? FormatAge(now - ToTime(analysis.create_time())) : "", analysis.owner(),
                  analysis.state_reason(), created, created});
  }
  Document document = session.FromTable(table);
  if (analyses.empty()) document.nothing = "none: sumscope probe RUN evaluate --wait asks one";
  for (const v1::Analysis& analysis : analyses) {
    document.ids.push_back(analysis.name());
    document.items.push_back(ToJson(analysis));
  }
  return document;
}

Document ShowAnalysis(const Session& session, const v1::Analysis& analysis, const v1::TrainSpec& spec,
                      bool from_cache) {
  Document document;
  document.json = AnalysisJson(analysis, from_cache);
  document.items = {document.json};
  document.ids = {analysis.name()};
  document.table = AnalysisText(analysis, {spec, /*wide=*/false, session.width()}, from_cache);
  document.wide = AnalysisText(analysis, {spec, /*wide=*/true, session.width()}, from_cache);
  if (const Probe* const probe = ProbeOf(analysis.result())) {
    document.csv = probe->Rows(analysis.result()).Csv(!session.output().no_headers);
  }
  return document;
}

Document ShowPrediction(const Session& session, const v1::Analysis& analysis) {
  Document document;
  const v1::AnalysisPrediction& prediction = analysis.prediction();
  document.json = {{"analysis", analysis.analysis()},
                   {"checkpoint", analysis.checkpoint()},
                   {"request", ToJson(analysis.request())},
                   {"question_set", ToJson(analysis.question_set())},
                   {"prediction", ToJson(prediction)}};
  for (const char* const whole : {"questions", "nodes"}) {
    // Counts, which the contract keeps as doubles for they may be huge.
    document.json["prediction"][whole] = static_cast<uint64_t>(document.json["prediction"][whole].get<double>());
  }
  document.items = {document.json};
  const auto count = [](double value) { return FormatCount(static_cast<uint64_t>(value)); };
  std::vector<std::pair<std::string, std::string>> pairs = {
      {"question", absl::StrCat(analysis.analysis(), " of ", analysis.checkpoint())},
      {"questions", DescribeQuestions(analysis.question_set())}};
  for (const auto& asked : DescribeRequest(analysis.request())) pairs.push_back(asked);
  pairs.emplace_back("number of questions", count(prediction.questions()));
  pairs.emplace_back("node sets", prediction.nodes() > 1 ? count(prediction.nodes()) : "");
  pairs.emplace_back("work", absl::StrCat(FormatLoss(prediction.flops() / 1e12), " TFLOP"));
  pairs.emplace_back("memory", FormatBytes(prediction.memory_bytes()));
  pairs.emplace_back("disk", prediction.disk_bytes() > 0 ? FormatBytes(prediction.disk_bytes()) : "");
  pairs.emplace_back("free disk", prediction.free_disk_bytes() > 0 ? FormatBytes(prediction.free_disk_bytes()) : "");
  pairs.emplace_back("time", absl::StrCat(AboutSpan(absl::Seconds(prediction.seconds())),
                                          BasisOfTime(prediction.measured(), prediction.basis())));
  document.table = absl::StrCat(AlignedPairs(pairs), "\nNothing was queued: this was a dry run.\n");
  document.wide = document.table;
  Table table({{"analysis"}, {"questions"}, {"nodes"}, {"flops"}, {"memory_bytes"}, {"disk_bytes"}, {"seconds"}});
  table.AddRow({analysis.analysis(), ShortestDouble(prediction.questions()), ShortestDouble(prediction.nodes()),
                ShortestDouble(prediction.flops()), absl::StrCat(prediction.memory_bytes()),
                absl::StrCat(prediction.disk_bytes()), ShortestDouble(prediction.seconds())});
  document.csv = table.Csv(!session.output().no_headers);
  return document;
}

}  // namespace sumscope::client

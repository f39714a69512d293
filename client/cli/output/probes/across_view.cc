#include "client/cli/output/probes/across_view.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/across_runs.h"
#include "client/cli/arguments/names.h"
#include "client/cli/output/numbers.h"
#include "client/cli/output/probes/across_headline.h"
#include "client/cli/output/probes/analysis_view.h"
#include "client/cli/probe/views/view.h"

namespace sumscope::client {
namespace {

constexpr size_t kFactsShown = 40;
constexpr double kWholeFrom = 1000, kWholeTo = 1e12;  // numbers of this size show no fraction

// The member of `result` that is set.
FlatResult FlattenResult(const v1::AnalysisResult& result) {
  const auto* const reflection = result.GetReflection();
  const auto* const field = reflection->GetOneofFieldDescriptor(result, result.GetDescriptor()->oneof_decl(0));
  return field == nullptr ? FlatResult() : Flatten(reflection->GetMessage(result, field));
}

// Paths that are rates print as percentages.
bool IsRate(const std::string& path) { return absl::EndsWith(path, ".rate"); }

std::string KOfM(const ShareAcross& share) { return absl::StrCat(share.k, " of ", share.m); }

// What people see of `all`: everything when wide, else the headlines in their order.
template <typename Entry>
std::vector<Entry> ForPeople(const std::vector<Entry>& all, const std::string& analysis, bool wide) {
  if (wide) return all;
  std::vector<std::pair<size_t, Entry>> placed;
  for (const Entry& entry : all) {
    const std::optional<size_t> place = HeadlinePlace(analysis, entry.path);
    if (place) placed.emplace_back(*place, entry);
  }
  std::stable_sort(placed.begin(), placed.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<Entry> shown;
  for (auto& [place, entry] : placed) shown.push_back(std::move(entry));
  return shown;
}

// Counts, of steps or heads, are whole.
std::string NumberText(const std::string& path, double number) {
  if (IsRate(path)) return FormatPercent(number);
  const double size = std::abs(number);
  const bool whole = size >= kWholeFrom || size == std::floor(size);
  if (!whole || size > kWholeTo) return FormatDigits(number, 4);
  return absl::StrCat(number < 0 ? "-" : "", FormatCount(static_cast<uint64_t>(std::llround(size))));
}

std::string SpreadText(const NumberAcross& number) {
  if (std::isnan(number.deviation)) return "";
  if (!IsRate(number.path)) return NumberText(number.path, number.deviation);
  return absl::StrCat(RoundPercent(100 * number.deviation, 2), " %");
}

Table Numbers(const std::vector<NumberAcross>& numbers, const std::string& worded) {
  Table table({{"NUMBER", kEverywhere, false, /*wrap=*/20},
               {"RUNS", kEverywhere, true},
               {"MEAN", kEverywhere, true},
               {"SPREAD", kEverywhere, true},
               {"MIN", kEverywhere, true},
               {"MAX", kEverywhere, true}});
  for (const NumberAcross& number : numbers) {
    table.AddRow({HeadlineWords(worded, number.path), absl::StrCat(number.n), NumberText(number.path, number.mean),
                  SpreadText(number), NumberText(number.path, number.min), NumberText(number.path, number.max)});
  }
  return table;
}

Table Values(const std::vector<ShareAcross>& shares, const std::string& worded) {
  Table table({{"VALUE", kEverywhere, false, /*wrap=*/20}, {"IS", kEverywhere, false, /*wrap=*/20}, {"RUNS"}});
  for (const ShareAcross& share : shares) {
    table.AddRow({HeadlineWords(worded, share.path), share.value, KOfM(share)});
  }
  return table;
}

// Facts of many runs first.
Table Facts(std::vector<ShareAcross> shares, size_t shown) {
  Table table({{"FACT"}, {"RUNS"}});
  std::stable_sort(shares.begin(), shares.end(), [](const ShareAcross& a, const ShareAcross& b) { return a.k > b.k; });
  for (size_t i = 0; i < std::min(shown, shares.size()); ++i) table.AddRow({shares[i].path, KOfM(shares[i])});
  return table;
}

// Whether the runs were asked different questions: classes and digits depend on a run, and so does its operation.
bool QuestionsDiffer(const std::vector<AskedRun>& asked) {
  for (const AskedRun& one : asked) {
    if (DescribeQuestions(one.analysis.question_set()) != DescribeQuestions(asked.front().analysis.question_set())) {
      return true;
    }
  }
  return false;
}

// What each run contributed: its answer, and the first numbers of it.
Table AnsweredRuns(const std::vector<AskedRun>& asked, const std::vector<FlatResult>& results,
                   const std::string& analysis, const std::string& worded, const std::vector<NumberAcross>& numbers,
                   int width) {
  constexpr size_t kNumbersShown = 2;
  std::vector<Column> columns = {
      {"RUN"}, {"MODEL", kEverywhere, false, 0, /*cut=*/20}, {"STEP", kEverywhere, true}, {"ANSWER"}};
  std::vector<std::string> paths;
  for (const NumberAcross& number : numbers) {
    if (paths.size() < kNumbersShown && HeadlinePlace(analysis, number.path)) paths.push_back(number.path);
  }
  for (const std::string& path : paths)
    columns.push_back({absl::AsciiStrToUpper(HeadlineWords(worded, path)), kEverywhere, true});
  const bool own_questions = QuestionsDiffer(asked);
  if (own_questions) columns.push_back({"QUESTIONS"});
  Table table(std::move(columns));
  for (size_t i = 0; i < asked.size(); ++i) {
    const v1::Analysis& answer = asked[i].analysis;
    std::vector<std::string> cells = {RunIdOf(asked[i].run.name()), asked[i].run.model_name(),
                                      answer.checkpoint().substr(answer.checkpoint().rfind('/') + 1),
                                      answer.name().substr(answer.name().rfind('/') + 1)};
    for (const std::string& path : paths) {
      const auto number = results[i].numbers.find(path);
      cells.push_back(number == results[i].numbers.end() ? "" : NumberText(path, number->second));
    }
    if (own_questions) cells.push_back(BriefQuestions(answer.question_set(), width));
    table.AddRow(std::move(cells));
  }
  return table;
}

Table LeftOut(const std::vector<LeftOutRun>& left_out) {
  Table table({{"LEFT OUT"}, {"BECAUSE", kForPeople, false, /*wrap=*/20}});
  for (const LeftOutRun& one : left_out) table.AddRow({one.run, one.message});
  return table;
}

// All of it. `results` belong to `answered`.
std::string AcrossText(const AcrossRuns& across, const std::vector<FlatResult>& results,
                       const std::vector<AskedRun>& answered, const std::vector<LeftOutRun>& left_out,
                       const std::string& filter, const View& view) {
  const bool wide = view.wide;
  const v1::Analysis first = answered.empty() ? v1::Analysis() : answered.front().analysis;
  const std::vector<NumberAcross> headlines = ForPeople(across.numbers, first.analysis(), /*wide=*/false);
  const std::vector<NumberAcross> numbers = wide ? across.numbers : headlines;
  const std::vector<ShareAcross> values = ForPeople(across.values, first.analysis(), wide);
  const size_t facts = wide ? across.facts.size() : std::min(across.facts.size(), kFactsShown);
  std::string text = AlignedPairs({{"analysis", first.analysis()},
                                   {"questions", QuestionsDiffer(answered) ? "each run its own: see below"
                                                                           : DescribeQuestions(first.question_set())},
                                   {"runs", absl::StrCat(across.runs, " that are ", filter)},
                                   {"spread", "standard deviation over runs, divisor n - 1"}});
  const auto add = [&text, &view](absl::string_view title, const Table& table) {
    if (table.empty()) return;
    absl::StrAppend(&text, "\n", title, title.empty() ? "" : "\n",
                    table.Aligned(view.wide ? kInWide : kInTable, true, view.width));
  };
  // -o wide has members that no table of one run shows: all go by their paths, as in json and csv.
  const std::string worded = wide ? "" : first.analysis();
  add("", AnsweredRuns(answered, results, first.analysis(), worded, headlines, view.width));
  add("", LeftOut(left_out));
  add("numbers", Numbers(numbers, worded));
  add("values", Values(values, worded));
  add("facts", Facts(across.facts, facts));
  const size_t rest =
      across.numbers.size() - numbers.size() + across.values.size() - values.size() + across.facts.size() - facts;
  if (rest > 0) absl::StrAppend(&text, "\n", FormatCount(rest), " more with -o wide\n");
  return text;
}

Table Csv(const AcrossRuns& across) {
  Table table({{"kind"}, {"path"}, {"value"}, {"n"}, {"mean"}, {"standard_deviation"}, {"min"}, {"max"}, {"k"}, {"m"}});
  for (const NumberAcross& number : across.numbers) {
    table.AddRow({"number", number.path, "", absl::StrCat(number.n), ShortestDouble(number.mean),
                  ShortestDouble(number.deviation), ShortestDouble(number.min), ShortestDouble(number.max)});
  }
  const auto add = [&table](const char* kind, const std::vector<ShareAcross>& shares) {
    for (const ShareAcross& share : shares) {
      table.AddRow({kind, share.path, share.value, "", "", "", "", "", absl::StrCat(share.k), absl::StrCat(share.m)});
    }
  };
  add("value", across.values);
  add("fact", across.facts);
  return table;
}

nlohmann::ordered_json AcrossJson(const AcrossRuns& across) {
  nlohmann::ordered_json json = {{"numbers", nlohmann::ordered_json::array()},
                                 {"values", nlohmann::ordered_json::array()},
                                 {"facts", nlohmann::ordered_json::array()}};
  for (const NumberAcross& number : across.numbers) {
    json["numbers"].push_back({{"path", number.path},
                               {"n", number.n},
                               {"mean", number.mean},
                               {"standard_deviation", number.deviation},
                               {"min", number.min},
                               {"max", number.max}});
  }
  for (const ShareAcross& share : across.values) {
    json["values"].push_back({{"path", share.path}, {"value", share.value}, {"k", share.k}, {"m", share.m}});
  }
  for (const ShareAcross& share : across.facts) {
    json["facts"].push_back({{"fact", share.path}, {"k", share.k}, {"m", share.m}});
  }
  return json;
}

}  // namespace

Document ShowAcross(const Session& session, const std::string& filter, const std::vector<AskedRun>& asked,
                    const std::vector<LeftOutRun>& left_out) {
  Document document;
  std::vector<AskedRun> answered;
  std::vector<FlatResult> results;
  nlohmann::ordered_json runs = nlohmann::ordered_json::array();
  for (const AskedRun& one : asked) {
    if (!one.analysis.has_result()) continue;
    answered.push_back(one);
    results.push_back(FlattenResult(one.analysis.result()));
    runs.push_back({{"run", one.run.name()},
                    {"model_name", one.run.model_name()},
                    {"analysis", one.analysis.name()},
                    {"checkpoint", one.analysis.checkpoint()}});
    document.ids.push_back(one.analysis.name());
  }
  nlohmann::ordered_json ids = nlohmann::ordered_json::array(), why = nlohmann::ordered_json::object();
  for (const LeftOutRun& one : left_out) {
    ids.push_back(one.run);
    why[one.run] = {{"reason", one.reason}, {"message", one.message}};
  }
  const AcrossRuns across = Aggregate(results);
  document.json = {{"analysis", answered.empty() ? "" : answered.front().analysis.analysis()},
                   {"filter", filter},
                   {"runs", runs},
                   {"left_out", ids},
                   {"left_out_because", why}};
  document.json.update(AcrossJson(across));
  document.items = {document.json};
  document.table = AcrossText(across, results, answered, left_out, filter, {{}, /*wide=*/false, session.width()});
  document.wide = AcrossText(across, results, answered, left_out, filter, {{}, /*wide=*/true, session.width()});
  document.csv = Csv(across).Csv(!session.output().no_headers);
  return document;
}

Document ShowPredictions(const Session& session, const std::vector<AskedRun>& asked) {
  Table table({{"RUN"},
               {"MODEL", kEverywhere, false, 0, /*cut=*/20},
               {"QUESTIONS", kEverywhere, true},
               {"NODES", kEverywhere, true},
               {"MEMORY", kForPeople, true},
               {"memory_bytes", kInCsv},
               {"DISK", kForPeople, true},
               {"disk_bytes", kInCsv},
               {"ABOUT", kForPeople, true},
               {"seconds", kInCsv}});
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const AskedRun& one : asked) {
    const v1::AnalysisPrediction& prediction = one.analysis.prediction();
    table.AddRow({RunIdOf(one.run.name()), one.run.model_name(), ShortestDouble(prediction.questions()),
                  ShortestDouble(prediction.nodes()), FormatBytes(prediction.memory_bytes()),
                  absl::StrCat(prediction.memory_bytes()), FormatBytes(prediction.disk_bytes()),
                  absl::StrCat(prediction.disk_bytes()), AboutSpan(absl::Seconds(prediction.seconds())),
                  ShortestDouble(prediction.seconds())});
    json.push_back({{"run", one.run.name()}, {"prediction", ToJson(prediction)}});
  }
  Document document = session.FromTable(table);
  for (std::string* text : {&document.table, &document.wide}) {
    absl::StrAppend(text, "\nNothing was queued: this was a dry run.\n");
  }
  document.items = {json.begin(), json.end()};
  document.json = {{"predictions", std::move(json)}};
  return document;
}

}  // namespace sumscope::client

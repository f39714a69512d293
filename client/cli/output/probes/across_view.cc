#include "client/cli/output/probes/across_view.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/across_runs.h"
#include "client/cli/arguments/names.h"
#include "client/cli/output/numbers.h"

namespace sumscope::client {
namespace {

// The member of `result` that is set.
FlatResult FlattenResult(const v1::AnalysisResult& result) {
  const auto* const reflection = result.GetReflection();
  const auto* const field = reflection->GetOneofFieldDescriptor(result, result.GetDescriptor()->oneof_decl(0));
  return field == nullptr ? FlatResult() : Flatten(reflection->GetMessage(result, field));
}

// Whether the last part of a path is a bare place in a list.
bool IsNameless(const std::string& path) {
  const std::string last = path.substr(path.rfind('.') + 1);
  return absl::ascii_isdigit(static_cast<unsigned char>(last.front())) &&
         last.find_first_not_of("0123456789") == last.npos;
}

std::string KOfM(const ShareAcross& share) { return absl::StrCat(share.k, " of ", share.m); }

Table Numbers(const AcrossRuns& across, bool wide) {
  Table table({{"NUMBER"},
               {"RUNS", kEverywhere, true},
               {"MEAN", kEverywhere, true},
               {"SPREAD", kEverywhere, true},
               {"MIN", kEverywhere, true},
               {"MAX", kEverywhere, true}});
  for (const NumberAcross& number : across.numbers) {
    if (!wide && IsNameless(number.path)) continue;
    table.AddRow({number.path, absl::StrCat(number.n), FormatDigits(number.mean, 4), FormatDigits(number.deviation, 3),
                  FormatDigits(number.min, 4), FormatDigits(number.max, 4)});
  }
  return table;
}

Table Values(const std::vector<ShareAcross>& shares, bool wide) {
  Table table({{"VALUE"}, {"IS"}, {"RUNS"}});
  for (const ShareAcross& share : shares) {
    if (wide || !IsNameless(share.path)) table.AddRow({share.path, share.value, KOfM(share)});
  }
  return table;
}

Table Facts(const std::vector<ShareAcross>& shares) {
  Table table({{"FACT"}, {"RUNS"}});
  for (const ShareAcross& share : shares) table.AddRow({share.path, KOfM(share)});
  return table;
}

std::string Text(const AcrossRuns& across, const std::string& filter, const std::string& analysis, bool wide) {
  std::string text = AlignedPairs({{"analysis", analysis},
                                   {"runs", absl::StrCat(across.runs, " that are ", filter)},
                                   {"spread", "standard deviation over runs, divisor n - 1"}});
  for (const auto& [title, table] :
       {std::pair("numbers", Numbers(across, wide)), std::pair("values", Values(across.values, wide)),
        std::pair("facts", Facts(across.facts))}) {
    if (!table.empty()) absl::StrAppend(&text, "\n", title, "\n", table.Aligned(wide ? kInWide : kInTable, true));
  }
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

nlohmann::ordered_json Json(const AcrossRuns& across) {
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
                    const std::vector<std::string>& left_out) {
  Document document;
  std::vector<FlatResult> results;
  nlohmann::ordered_json runs = nlohmann::ordered_json::array();
  std::string analysis;
  for (const AskedRun& one : asked) {
    if (!one.analysis.has_result()) continue;
    analysis = one.analysis.analysis();
    results.push_back(FlattenResult(one.analysis.result()));
    runs.push_back({{"run", one.run.name()},
                    {"model_name", one.run.model_name()},
                    {"analysis", one.analysis.name()},
                    {"checkpoint", one.analysis.checkpoint()}});
    document.ids.push_back(one.analysis.name());
  }
  const AcrossRuns across = Aggregate(results);
  document.json = {{"analysis", analysis}, {"filter", filter}, {"runs", runs}, {"left_out", left_out}};
  document.json.update(Json(across));
  document.items = {document.json};
  document.table = Text(across, filter, analysis, /*wide=*/false);
  document.wide = Text(across, filter, analysis, /*wide=*/true);
  document.csv = Csv(across).Csv(!session.output().no_headers);
  return document;
}

Document ShowPredictions(const Session& session, const std::vector<AskedRun>& asked) {
  Table table({{"RUN"},
               {"MODEL"},
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
                  absl::StrCat(prediction.disk_bytes()), FormatSpan(absl::Seconds(prediction.seconds())),
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

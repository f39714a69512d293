// sumscope runs compare: runs side by side.
#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/analyses/commands.h"
#include "client/cli/arguments/names.h"
#include "client/cli/output/numbers.h"
#include "client/cli/output/runs/run_view.h"
#include "client/cli/runs/commands.h"
#include "proto/contract/base/status_macros.h"

namespace sumscope::client {
namespace {

// One run with the latest answers that are compared.
struct Compared {
  v1::Run run;
  v1::Analysis evaluate, cascades;  // empty where none is stored
};

absl::StatusOr<v1::Analysis> Latest(Connection& connection, const v1::Run& run, const std::string& kind) {
  constexpr uint64_t kLookedAt = 50;
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::ListAnalysesResponse listed,
                            ListAnalyses(connection, run.name(), kind, kLookedAt));
  for (const v1::Analysis& analysis : listed.analyses()) {
    if (analysis.state() == v1::SUCCEEDED && analysis.analysis() == kind) {
      return connection.GetAnalysis(analysis.name());
    }
  }
  return v1::Analysis();
}

// Attributes in their order, one value a run.
using Rows = std::vector<std::pair<std::string, std::vector<std::string>>>;

// Fields whose values differ; a field that a run does not have is empty.
void AddSpecRows(const std::vector<Compared>& all, Rows* rows) {
  const auto* const descriptor = v1::TrainSpec::descriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    std::vector<std::string> values;
    for (const Compared& one : all) values.push_back(SpecFieldText(one.run.spec(), descriptor->field(i)));
    if (std::set<std::string>(values.begin(), values.end()).size() > 1) {
      rows->emplace_back(absl::StrCat("spec.", descriptor->field(i)->name()), std::move(values));
    }
  }
}

// The verdict's k of each digit, named add.A5, sub+.A4, sub-.A4.
std::map<std::string, std::string> VerdictOf(const v1::CascadesResult& result) {
  std::map<std::string, std::string> verdict;
  const auto add = [&verdict](const char* kind, const google::protobuf::RepeatedPtrField<v1::LookBackDigit>& digits) {
    for (const v1::LookBackDigit& digit : digits) {
      verdict[absl::StrCat("look-back ", kind, digit.digit())] =
          absl::StrCat(digit.k(), digit.exact() ? " (exact)" : "");
    }
  };
  add("", result.additions());
  add("a>b ", result.subtractions_positive());
  add("a<b ", result.subtractions_negative());
  return verdict;
}

void AddVerdictRows(const std::vector<Compared>& all, Rows* rows) {
  std::vector<std::map<std::string, std::string>> verdicts;
  std::set<std::string> names;
  for (const Compared& one : all) {
    verdicts.push_back(VerdictOf(one.cascades.result().cascades()));
    for (const auto& [name, k] : verdicts.back()) names.insert(name);
  }
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    std::vector<std::string> values;
    for (auto& verdict : verdicts) values.push_back(verdict[*name]);
    rows->emplace_back(*name, std::move(values));
  }
}

Rows MakeRows(const std::vector<Compared>& all) {
  Rows rows;
  const auto add = [&](const std::string& name, const auto& value_of) {
    std::vector<std::string> values;
    for (const Compared& one : all) values.push_back(value_of(one));
    rows.emplace_back(name, std::move(values));
  };
  add("model", [](const Compared& one) { return one.run.model_name(); });
  add("state", [](const Compared& one) { return DescribeState(one.run.state(), one.run.state_reason()); });
  add("steps", [](const Compared& one) { return FormatCount(one.run.steps_done()); });
  add("loss", [](const Compared& one) { return one.run.has_loss() ? FormatLoss(one.run.loss()) : ""; });
  add("held-out loss",
      [](const Compared& one) { return one.run.has_heldout_loss() ? FormatLoss(one.run.heldout_loss()) : ""; });
  add("exact match", [](const Compared& one) {
    const v1::EvaluateResult& result = one.evaluate.result().evaluate();
    if (!result.has_exact()) return std::string();
    return absl::StrCat(FormatPercent(result.exact().rate()), " of ", FormatCount(result.exact().count()));
  });
  AddVerdictRows(all, &rows);
  AddSpecRows(all, &rows);
  return rows;
}

Document Show(const Session& session, const std::vector<Compared>& all) {
  const Rows rows = MakeRows(all);
  std::vector<Column> columns = {{"WHAT"}};
  for (const Compared& one : all) columns.push_back({RunIdOf(one.run.name())});
  Table table(std::move(columns));
  for (const auto& [name, values] : rows) {
    std::vector<std::string> cells = {name};
    cells.insert(cells.end(), values.begin(), values.end());
    table.AddRow(std::move(cells));
  }
  Document document = session.FromTable(table);
  nlohmann::ordered_json runs = nlohmann::ordered_json::array();
  for (const Compared& one : all) {
    nlohmann::ordered_json item = {{"run", ToJson(one.run)}, {"evaluate", nullptr}, {"cascades", nullptr}};
    if (one.evaluate.has_result()) item["evaluate"] = ToJson(one.evaluate.result().evaluate());
    if (one.cascades.has_result()) item["cascades"] = ToJson(one.cascades.result().cascades());
    runs.push_back(item);
    document.items.push_back(std::move(item));
    document.ids.push_back(RunIdOf(one.run.name()));
  }
  document.json = {{"runs", std::move(runs)}};
  return document;
}

absl::StatusOr<ExitCode> Compare(const std::vector<std::string>& arguments, Session& session) {
  std::vector<std::string> names;
  for (const std::string& argument : arguments) {
    SUMSCOPE_ASSIGN_OR_RETURN(names.emplace_back(), RunNameOf(argument));
  }
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  std::vector<Compared> all;
  for (const std::string& name : names) {
    Compared& one = all.emplace_back();
    SUMSCOPE_ASSIGN_OR_RETURN(one.run, connection->GetRun(name));
    SUMSCOPE_ASSIGN_OR_RETURN(one.evaluate, Latest(*connection, one.run, "evaluate"));
    SUMSCOPE_ASSIGN_OR_RETURN(one.cascades, Latest(*connection, one.run, "cascades"));
  }
  SUMSCOPE_RETURN_IF_ERROR(session.Print(Show(session, all)));
  return ExitCode::kDone;
}

}  // namespace

void AddRunsCompare(Registry* registry, CLI::App* runs) {
  const auto names = std::make_shared<std::vector<std::string>>();
  CLI::App* const app =
      registry->Add(runs, "compare", "Put runs side by side: state, loss, latest answers, what differs in their specs");
  app->add_option("RUN", *names, "run ids, unique prefixes or @last; two or more")->required()->expected(2, 100);
  registry->Run(app, [names](Session& session) { return Compare(*names, session); });
}

}  // namespace sumscope::client

// sumscope runs compare: runs side by side.
#include <algorithm>
#include <functional>
#include <memory>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/analyses/commands.h"
#include "client/cli/arguments/names.h"
#include "client/cli/output/numbers.h"
#include "client/cli/output/probes/analysis_view.h"
#include "client/cli/output/runs/run_view.h"
#include "client/cli/runs/commands.h"
#include "client/cli/runs/compare/shared_answers.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/models/look_back.h"

namespace sumscope::client {
namespace {

// One run with its answers to what is compared.
struct Compared {
  v1::Run run;
  v1::Analysis evaluate, cascades;  // empty where it was not asked the same as the others
};

struct Comparison {
  std::vector<Compared> runs;
  v1::Analysis evaluated, cascaded;  // say what was asked
};

// Something that is compared, one value a run; empty where there is none.
struct ComparedRow {
  std::string name, asked;
  std::vector<std::string> texts;
  std::vector<std::string> raw;  // for programs
};

// What is compared of the answers of one kind.
struct Part {
  std::string kind;
  // Whether the request tells one question from the next, which lists do not have: each answer is read for it.
  bool by_request;
  std::function<Asked(const v1::Analysis&)> asked_by;
  v1::Analysis Compared::*member;
};

// Each run's stored answers of `part` at its last checkpoint, newest first.
absl::StatusOr<std::vector<v1::Analysis>> AnswersOf(Connection& connection, const v1::Run& run, const Part& part) {
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::ListCheckpointsResponse checkpoints, connection.ListCheckpoints(run.name()));
  uint64_t last = 0;
  for (const v1::Checkpoint& checkpoint : checkpoints.checkpoints()) last = std::max(last, checkpoint.step());
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::ListAnalysesResponse listed,
                            ListAnalyses(connection, run.name(), part.kind, /*limit=*/0));
  std::vector<v1::Analysis> answers;
  for (const v1::Analysis& analysis : listed.analyses()) {
    const bool of_last = absl::EndsWith(analysis.checkpoint(), absl::StrCat("/", last));
    if (analysis.state() != v1::SUCCEEDED || analysis.analysis() != part.kind || !of_last) continue;
    answers.push_back(analysis);
    if (part.by_request) {
      SUMSCOPE_ASSIGN_OR_RETURN(answers.back(), connection.GetAnalysis(analysis.name()));
    }
  }
  return answers;
}

// Fills the part's member of each run with its answer to what most of them were asked; `asked` says what that is.
absl::Status ReadShared(Connection& connection, const Part& part, std::vector<Compared>* runs, v1::Analysis* asked) {
  std::vector<std::vector<v1::Analysis>> answers;
  for (const Compared& one : *runs) {
    SUMSCOPE_ASSIGN_OR_RETURN(answers.emplace_back(), AnswersOf(connection, one.run, part));
  }
  const SharedAnswers shared = ChooseSharedAnswers(answers, part.asked_by);
  *asked = shared.asked;
  for (size_t i = 0; i < runs->size(); ++i) {
    if (shared.names[i].empty()) continue;
    SUMSCOPE_ASSIGN_OR_RETURN((*runs)[i].*part.member, connection.GetAnalysis(shared.names[i]));
  }
  return absl::OkStatus();
}

// Fields whose values differ; a field that a run does not have is empty.
void AddSpecRows(const std::vector<Compared>& all, std::vector<ComparedRow>* rows) {
  const auto* const descriptor = v1::TrainSpec::descriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    ComparedRow row{absl::StrCat("spec.", descriptor->field(i)->name()), "", {}, {}};
    for (const Compared& one : all) row.texts.push_back(RunFieldText(one.run, descriptor->field(i)));
    row.raw = row.texts;
    if (std::set<std::string>(row.texts.begin(), row.texts.end()).size() > 1) rows->push_back(std::move(row));
  }
}

// The verdict of each digit in its order, named "look-back A5", "look-back a>b A4".
using Verdict = std::vector<std::pair<std::string, const v1::LookBackDigit*>>;

Verdict VerdictOf(const v1::CascadesResult& result) {
  Verdict verdict;
  const auto add = [&verdict](const char* kind, const google::protobuf::RepeatedPtrField<v1::LookBackDigit>& digits) {
    for (const v1::LookBackDigit& digit : digits) {
      verdict.emplace_back(absl::StrCat("look-back ", kind, digit.digit()), &digit);
    }
  };
  add("", result.additions());
  add("a>b ", result.subtractions_positive());
  add("a<b ", result.subtractions_negative());
  return verdict;
}

std::string VerdictAsked(const v1::CascadesRequest& request) {
  return absl::StrCat(Counted(request.per_cell(), "question"), " per cell, seed ", request.seed());
}

void AddVerdictRows(const Comparison& comparison, std::vector<ComparedRow>* rows) {
  std::vector<Verdict> verdicts;
  for (const Compared& one : comparison.runs) verdicts.push_back(VerdictOf(one.cascades.result().cascades()));
  // The longest says the order; others may have what it has not.
  std::vector<Verdict> by_length = verdicts;
  std::stable_sort(by_length.begin(), by_length.end(),
                   [](const Verdict& a, const Verdict& b) { return a.size() > b.size(); });
  std::set<std::string> seen;
  for (const Verdict& longest : by_length) {
    for (const auto& [name, unused] : longest) {
      if (!seen.insert(name).second) continue;
      ComparedRow row{name, VerdictAsked(comparison.cascaded.request().cascades()), {}, {}};
      for (const Verdict& verdict : verdicts) {
        const auto found =
            std::find_if(verdict.begin(), verdict.end(), [&row](const auto& digit) { return digit.first == row.name; });
        const v1::LookBackDigit* const digit = found == verdict.end() ? nullptr : found->second;
        row.texts.push_back(digit == nullptr ? "" : LookBackText(*digit));
        row.raw.push_back(digit == nullptr ? "" : absl::StrCat(digit->k()));
      }
      rows->push_back(std::move(row));
    }
  }
}

std::vector<ComparedRow> MakeRows(const Comparison& comparison) {
  std::vector<ComparedRow> rows;
  // `text_of` and `raw_of` say a value of one run.
  const auto add = [&](const std::string& name, const std::string& asked, const auto& text_of, const auto& raw_of) {
    ComparedRow row{name, asked, {}, {}};
    for (const Compared& one : comparison.runs) {
      row.texts.push_back(text_of(one));
      row.raw.push_back(raw_of(one));
    }
    rows.push_back(std::move(row));
  };
  const auto model = [](const Compared& one) { return one.run.model_name(); };
  const auto state = [](const Compared& one) { return DescribeState(one.run.state(), one.run.state_reason()); };
  const auto exact = [](const Compared& one) { return one.evaluate.result().evaluate().exact(); };
  const auto loss = [](bool has, double value, const auto& format) { return has ? format(value) : std::string(); };
  add("model", "", model, model);
  add("state", "", state, state);
  add(
      "steps", "",
      [](const Compared& one) { return one.run.imported() ? "imported" : FormatCount(one.run.steps_done()); },
      [](const Compared& one) { return one.run.imported() ? "" : absl::StrCat(one.run.steps_done()); });
  add(
      "loss", "", [&](const Compared& one) { return loss(one.run.has_loss(), one.run.loss(), FormatLoss); },
      [&](const Compared& one) { return loss(one.run.has_loss(), one.run.loss(), ShortestDouble); });
  add(
      "held-out loss", "",
      [&](const Compared& one) { return loss(one.run.has_heldout_loss(), one.run.heldout_loss(), FormatLoss); },
      [&](const Compared& one) { return loss(one.run.has_heldout_loss(), one.run.heldout_loss(), ShortestDouble); });
  add(
      "exact match", DescribeQuestions(comparison.evaluated.question_set()),
      [&](const Compared& one) {
        const v1::Rate rate = exact(one);
        return rate.count() == 0 ? "" : absl::StrCat(FormatPercent(rate.rate()), " of ", FormatCount(rate.count()));
      },
      [&](const Compared& one) { return exact(one).count() == 0 ? "" : ShortestDouble(exact(one).rate()); });
  AddVerdictRows(comparison, &rows);
  AddSpecRows(comparison.runs, &rows);
  return rows;
}

// What the answers are to, and which runs have none.
std::string Legend(const Comparison& comparison) {
  const auto missing = [&](v1::Analysis Compared::*member) {
    std::vector<std::string> ids;
    for (const Compared& one : comparison.runs) {
      if (!(one.*member).has_result()) ids.push_back(RunIdOf(one.run.name()));
    }
    return ids.empty() ? "" : absl::StrCat("; not asked: ", absl::StrJoin(ids, ", "));
  };
  std::string text;
  if (comparison.evaluated.has_question_set()) {
    absl::StrAppend(&text, "exact match: ", DescribeQuestions(comparison.evaluated.question_set()),
                    missing(&Compared::evaluate), "\n");
  }
  if (comparison.cascaded.has_request()) {
    absl::StrAppend(&text, "look-back: ", VerdictAsked(comparison.cascaded.request().cascades()),
                    missing(&Compared::cascades), "\n");
  }
  return text.empty() ? "" : absl::StrCat("\nasked of the last checkpoints\n", text);
}

Document ShowComparison(const Session& session, const Comparison& comparison) {
  std::vector<Column> columns = {{"WHAT"}, {"ASKED", kInCsv}};
  for (const Compared& one : comparison.runs) {
    columns.push_back({RunIdOf(one.run.name()), kForPeople, false, /*wrap=*/12});
    columns.push_back({RunIdOf(one.run.name()), kInCsv});
  }
  Table table(std::move(columns));
  for (const ComparedRow& row : MakeRows(comparison)) {
    std::vector<std::string> cells = {row.name, row.asked};
    for (size_t i = 0; i < row.texts.size(); ++i) {
      cells.push_back(row.texts[i]);
      cells.push_back(row.raw[i]);
    }
    table.AddRow(std::move(cells));
  }
  Document document = session.FromTable(table);
  for (std::string* text : {&document.table, &document.wide}) absl::StrAppend(text, Legend(comparison));
  nlohmann::ordered_json runs = nlohmann::ordered_json::array();
  for (const Compared& one : comparison.runs) {
    nlohmann::ordered_json item = {{"run", ToJson(one.run)}, {"evaluate", nullptr}, {"cascades", nullptr}};
    if (one.evaluate.has_result()) item["evaluate"] = ToJson(one.evaluate.result().evaluate());
    if (one.cascades.has_result()) item["cascades"] = ToJson(one.cascades.result().cascades());
    runs.push_back(item);
    document.items.push_back(std::move(item));
    document.ids.push_back(RunIdOf(one.run.name()));
  }
  document.json = {{"evaluate_questions", nullptr}, {"cascades_request", nullptr}, {"runs", std::move(runs)}};
  if (comparison.evaluated.has_question_set()) {
    document.json["evaluate_questions"] = ToJson(comparison.evaluated.question_set());
  }
  if (comparison.cascaded.has_request()) {
    document.json["cascades_request"] = ToJson(comparison.cascaded.request().cascades());
  }
  return document;
}

absl::StatusOr<ExitCode> Compare(const std::vector<std::string>& arguments, Session& session) {
  std::vector<std::string> names;
  for (const std::string& argument : arguments) {
    SUMSCOPE_ASSIGN_OR_RETURN(names.emplace_back(), RunNameOf(argument));
  }
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  Comparison comparison;
  for (const std::string& name : names) {
    SUMSCOPE_ASSIGN_OR_RETURN(comparison.runs.emplace_back().run, connection->GetRun(name));
  }
  const Part evaluate = {"evaluate", /*by_request=*/false, AskedByEvaluate, &Compared::evaluate};
  const Part cascades = {"cascades", /*by_request=*/true, AskedByCascades, &Compared::cascades};
  SUMSCOPE_RETURN_IF_ERROR(ReadShared(*connection, evaluate, &comparison.runs, &comparison.evaluated));
  SUMSCOPE_RETURN_IF_ERROR(ReadShared(*connection, cascades, &comparison.runs, &comparison.cascaded));
  SUMSCOPE_RETURN_IF_ERROR(session.Print(ShowComparison(session, comparison)));
  return ExitCode::kDone;
}

}  // namespace

void AddRunsCompare(Registry* registry, Command runs) {
  const auto names = std::make_shared<std::vector<std::string>>();
  const Command command =
      registry->Add(runs, "compare",
                    "Put runs side by side: state, loss, answers to the same questions, what differs in their specs");
  // Fewer than two is not left to the parser, whose help would say "RUN(2x)".
  command.AddList("RUN", names.get(), "run ids, unique prefixes or @last; two or more").required();
  registry->Run(command, [names](Session& session) -> absl::StatusOr<ExitCode> {
    constexpr size_t kMost = 100;
    if (names->size() < 2 || names->size() > kMost) {
      return InvalidField("USAGE", "run", absl::StrCat("give 2 to ", kMost, " runs to compare"));
    }
    return Compare(*names, session);
  });
}

}  // namespace sumscope::client

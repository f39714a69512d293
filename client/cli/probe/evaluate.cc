// sumscope probe RUN[@STEP] evaluate: how often the model is right, and where it is wrong.
#include <algorithm>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/output/numbers.h"
#include "client/cli/probe/views/probe.h"
#include "client/cli/probe/views/view_parts.h"

namespace sumscope::client {
namespace {

struct ProbeEvaluateOptions {
  std::optional<uint64_t> worst;
  bool generate = false, loss_in_full = false;
};

constexpr size_t kWorstShown = 5;

// Cells of the columns that RateTable makes. Of no questions there is no share.
std::vector<std::string> RateCells(const v1::Rate& rate) {
  if (rate.count() == 0) return {"", "", "0", ""};
  return {FormatPercent(rate.rate()), FormatCount(rate.correct()), FormatCount(rate.count()), IntervalText(rate)};
}

// The loss of a part, which has none where nothing was measured.
template <typename Part>
std::string LossText(const Part& part) {
  return part.has_loss() ? FormatLoss(part.loss()) : "";
}
template <typename Part>
std::string ExactLoss(const Part& part) {
  return part.has_loss() ? ShortestDouble(part.loss()) : "";
}

// `first`, then rate, correct, of, interval, then `last`.
Table RateTable(std::vector<Column> first, std::vector<Column> last, unsigned interval_shown) {
  first.push_back({"ACCURACY", kEverywhere, true});
  first.push_back({"CORRECT", kEverywhere, true});
  first.push_back({"OF", kEverywhere, true});
  first.push_back({"95 % INTERVAL", interval_shown});
  first.insert(first.end(), last.begin(), last.end());
  return Table(std::move(first));
}

void AddRateRow(Table* table, std::vector<std::string> first, const v1::Rate& rate, std::vector<std::string> last) {
  for (std::string& cell : RateCells(rate)) first.push_back(std::move(cell));
  first.insert(first.end(), last.begin(), last.end());
  table->AddRow(std::move(first));
}

const Column kLoss = {"LOSS", kEverywhere, true};

Table Digits(const google::protobuf::RepeatedPtrField<v1::DigitResult>& digits, bool with_loss) {
  Table table = RateTable({{"DIGIT"}}, with_loss ? std::vector<Column>{kLoss} : std::vector<Column>{}, kInWide);
  for (const v1::DigitResult& digit : digits) {
    std::vector<std::string> last;
    if (with_loss) last.push_back(LossText(digit));
    AddRateRow(&table, {digit.digit()}, digit.accuracy(), last);
  }
  return table;
}

Table Classes(const v1::EvaluateResult& result) {
  // What a class is a share of: S classes of the additions, M and N of the subtractions.
  const auto is_addition = [](const v1::ClassResult& one) { return absl::StartsWith(one.question_class(), "S"); };
  double additions = 0, subtractions = 0;
  for (const v1::ClassResult& one : result.classes()) {
    (is_addition(one) ? additions : subtractions) += one.exact().count();
  }
  Table table = RateTable({{"CLASS"}}, {kLoss, RoomyColumn("SHARE", 2), RoomyColumn("IN THEORY", 1)}, kForPeople);
  for (const v1::ClassResult& one : result.classes()) {
    const double of = is_addition(one) ? additions : subtractions;
    AddRateRow(&table, {one.question_class()}, one.exact(),
               {LossText(one), one.exact().count() == 0 ? "" : FormatPercent(one.exact().count() / of),
                one.has_share_expected() ? FormatPercent(one.share_expected()) : ""});
  }
  return table;
}

Table Cells(const v1::EvaluateResult& result, bool wide) {
  Table table = RateTable({{"CELL"}}, {kLoss}, kInWide);
  for (const v1::CellResult& cell : result.cells()) {
    AddRateRow(&table, {cell.cell()}, cell.accuracy(), {LossText(cell)});
    for (int column = 0; wide && column < cell.by_column_size(); ++column) {
      const v1::ColumnCell& part = cell.by_column(column);
      if (part.accuracy().count() == 0) continue;
      AddRateRow(&table, {absl::StrCat("  column ", column)}, part.accuracy(), {LossText(part)});
    }
  }
  return table;
}

Table Cascades(const v1::EvaluateResult& result) {
  Table table = RateTable({{"LENGTH", kEverywhere, true}, {"DIGIT"}}, {kLoss}, kForPeople);
  for (const v1::CascadeResult& cascade : result.cascades()) {
    AddRateRow(&table, {absl::StrCat(cascade.length()), cascade.digit()}, cascade.accuracy(), {LossText(cascade)});
  }
  return table;
}

// The worst questions, each once, however often it was asked.
std::vector<v1::WorstQuestion> WorstOnce(const v1::EvaluateResult& result) {
  std::vector<v1::WorstQuestion> once;
  std::set<std::string> seen;
  for (const v1::WorstQuestion& worst : result.worst()) {
    if (seen.insert(worst.question()).second) once.push_back(worst);
  }
  return once;
}

Table Worst(const std::vector<v1::WorstQuestion>& all, size_t shown) {
  Table table({{"QUESTION"}, {"PREDICTED"}, {"CLASS"}, kLoss});
  for (size_t i = 0; i < shown; ++i) {
    const v1::WorstQuestion& worst = all[i];
    table.AddRow({worst.question(), worst.predicted(), worst.question_class(), FormatLoss(worst.loss())});
  }
  return table;
}

// What a run of several operations learnt and these questions leave out; products are of no class.
std::string NotAsked(const v1::EvaluateResult& result, const v1::TrainSpec& spec) {
  if (spec.operation() != v1::MAS || result.digits().empty()) return "";
  uint64_t classified = 0;
  for (const v1::ClassResult& one : result.classes()) classified += one.exact().count();
  if (classified == 0) return "additions and subtractions (--operation mix asks them)";
  return classified == result.digits(0).accuracy().count() ? "multiplications (--operation mul asks them)" : "";
}

uint64_t AskedQuestions(const v1::EvaluateResult& result) {
  return result.digits().empty() ? 0 : result.digits(0).accuracy().count();
}

// Of which questions the losses are, where it is not all.
std::string SampleText(const v1::EvaluateResult& result) {
  const uint64_t of = result.loss_questions();
  if (of == 0 || of == AskedQuestions(result)) return "";
  return absl::StrCat(" (of a sample of ", FormatCount(of),
                      ", like all losses below; --loss-in-full has those of all)");
}

// By what, where it is said.
std::string AnsweredText(const v1::EvaluateResult& result) {
  if (result.loss_questions() == 0) return "";
  if (!result.by_tables() && !result.has_screening()) return "by the forward pass";
  const std::string rechecked =
      absl::StrCat("; ", Counted(result.rechecked(), "question"), " rechecked by the forward pass");
  if (!result.has_screening()) return absl::StrCat("by tables", rechecked);
  const v1::Screening& screening = result.screening();
  return absl::StrFormat("in bfloat16 where the two largest logits differ by more than %.2f%s, by at most %.2f off",
                         screening.bound(), rechecked, screening.largest_difference());
}

std::string Summary(const v1::EvaluateResult& result, const v1::TrainSpec& spec) {
  std::string exact;
  if (result.has_exact()) {
    const v1::Rate& rate = result.exact();
    exact = absl::StrCat(FormatPercent(rate.rate()), " of ", Counted(rate.count(), "question"), " (",
                         FormatCount(rate.count() - rate.correct()), " wrong; 95 % interval ", IntervalText(rate), ")");
  } else {
    exact = "no overall rate: the questions are stratified, see the classes";
  }
  std::string nines;
  if (result.has_nines()) {
    nines = absl::StrCat(result.nines());
  } else if (result.has_exact() && result.exact().correct() == result.exact().count()) {
    nines = "no failure seen";
  }
  return AlignedPairs({{"exact match", exact},
                       {"not asked", NotAsked(result, spec)},
                       {"loss", absl::StrCat(FormatLoss(result.loss()), " nats per answer token", SampleText(result))},
                       {"nines", nines},
                       {"answered", AnsweredText(result)},
                       {"near ties", result.near_ties() > 0 ? FormatCount(result.near_ties()) : ""}});
}

std::string GeneratedText(const v1::GeneratedResult& generated, const View& view) {
  std::string exact = "no overall rate: the questions are stratified";
  if (generated.has_exact()) {
    exact = absl::StrCat(FormatPercent(generated.exact().rate()), " of ", Counted(generated.questions(), "question"),
                         " (95 % interval ", IntervalText(generated.exact()), ")");
  }
  // The first wrong token of an answer is the same in both, so only rounding tells them apart.
  std::string unlike;
  if (const uint32_t agree = generated.agrees_with_forced(); agree < generated.questions()) {
    unlike = absl::StrCat(Counted(generated.questions() - agree, "question"), ", which rounding of a near tie decides");
  }
  std::string text =
      absl::StrCat("\ngenerated, not forced\n", AlignedPairs({{"exact match", exact}, {"unlike forced", unlike}}));
  if (view.wide) AppendTable(&text, "generated answer digits", Digits(generated.digits(), /*with_loss=*/false), view);
  return text;
}

void AddTidyRow(Table* table, absl::string_view section, absl::string_view name, absl::string_view part,
                const v1::Rate* rate, const std::string& loss, const std::string& share = "") {
  std::vector<std::string> cells = {std::string(section), std::string(name), std::string(part)};
  if (rate != nullptr) {
    for (const uint32_t count : {rate->count(), rate->correct()}) cells.push_back(absl::StrCat(count));
  }
  if (rate != nullptr && rate->count() > 0) {
    for (const double value : {rate->rate(), rate->lower(), rate->upper()}) cells.push_back(ShortestDouble(value));
  }
  cells.resize(8);
  cells.push_back(loss);
  cells.push_back(share);
  table->AddRow(std::move(cells));
}

class EvaluateProbe final : public TypedProbe<v1::EvaluateRequest, v1::EvaluateResult> {
  std::string description() const override { return "How often it is right: per digit, class, cell and cascade"; }
  bool follows_training() const override { return true; }
  FillOwn DoAddOptions(Command command) const override {
    const auto options = std::make_shared<ProbeEvaluateOptions>();
    command.AddFlag("--generate", &options->generate,
                    "let it write its answers token by token to all questions; to the first 10,000 it always does");
    command.AddFlag("--loss-in-full", &options->loss_in_full,
                    "the losses of all questions: where tables or a screen answer they are of a sample of 10,000");
    command.AddUnsigned("--worst", &options->worst, "how many of the worst questions to list (default 20)",
                        std::numeric_limits<uint32_t>::max());
    return [options](v1::EvaluateRequest* evaluate) {
      if (options->generate) evaluate->set_generate(true);
      if (options->loss_in_full) evaluate->set_loss_in_full(true);
      if (options->worst) evaluate->set_worst_count(static_cast<uint32_t>(*options->worst));
      return absl::OkStatus();
    };
  }
  std::string DoText(const v1::EvaluateResult& result, const View& view) const override {
    const bool wide = view.wide;
    std::string text = Summary(result, view.spec);
    AppendTable(&text, "answer digits", Digits(result.digits(), /*with_loss=*/true), view);
    AppendTable(&text, "question classes", Classes(result), view);
    AppendTable(&text, "cells", Cells(result, wide), view);
    AppendTable(&text, "cascades", Cascades(result), view);
    const std::vector<v1::WorstQuestion> worst = WorstOnce(result);
    const size_t shown = wide ? worst.size() : std::min(worst.size(), kWorstShown);
    AppendTable(&text, absl::StrCat("worst questions", shown < worst.size() ? " (more with -o wide)" : ""),
                Worst(worst, shown), view);
    if (result.has_generated_sample()) absl::StrAppend(&text, GeneratedText(result.generated_sample(), view));
    return text;
  }
  Table DoRows(const v1::EvaluateResult& result) const override {
    Table table({{"section"},
                 {"name"},
                 {"part"},
                 {"count"},
                 {"correct"},
                 {"rate"},
                 {"lower"},
                 {"upper"},
                 {"loss"},
                 {"share_expected"}});
    AddTidyRow(&table, "all", "exact", "", result.has_exact() ? &result.exact() : nullptr,
               ShortestDouble(result.loss()));
    if (result.loss_questions() > 0) {
      std::vector<std::string> sample = {"all", "loss_questions", "", absl::StrCat(result.loss_questions())};
      sample.resize(10);
      table.AddRow(std::move(sample));
    }
    for (const auto& digit : result.digits()) {
      AddTidyRow(&table, "digit", digit.digit(), "", &digit.accuracy(), ExactLoss(digit));
    }
    for (const auto& one : result.classes()) {
      AddTidyRow(&table, "class", one.question_class(), "", &one.exact(), ExactLoss(one),
                 one.has_share_expected() ? ShortestDouble(one.share_expected()) : "");
    }
    for (const auto& cell : result.cells()) {
      AddTidyRow(&table, "cell", cell.cell(), "", &cell.accuracy(), ExactLoss(cell));
      for (int column = 0; column < cell.by_column_size(); ++column) {
        const v1::ColumnCell& part = cell.by_column(column);
        AddTidyRow(&table, "cell", cell.cell(), absl::StrCat(column), &part.accuracy(), ExactLoss(part));
      }
    }
    for (const auto& cascade : result.cascades()) {
      AddTidyRow(&table, "cascade", cascade.digit(), absl::StrCat(cascade.length()), &cascade.accuracy(),
                 ExactLoss(cascade));
    }
    for (const auto& worst : result.worst()) {
      AddTidyRow(&table, "worst", worst.question(), worst.predicted(), nullptr, ShortestDouble(worst.loss()));
    }
    if (result.has_generated_sample()) {
      const v1::GeneratedResult& generated = result.generated_sample();
      AddTidyRow(&table, "generated", "exact", "", generated.has_exact() ? &generated.exact() : nullptr, "");
      for (const auto& digit : generated.digits()) {
        AddTidyRow(&table, "generated_digit", digit.digit(), "", &digit.accuracy(), "");
      }
    }
    return table;
  }
  std::vector<absl::string_view> headlines() const override {
    return {
        "exact.rate",           "loss", "generated_sample.exact.rate", "digits.*.accuracy.rate", "classes.*.exact.rate",
        "cells.*.accuracy.rate"};
  }
};

}  // namespace

const Probe& ProbeEvaluate() {
  static const auto* const kProbe = new EvaluateProbe;
  return *kProbe;
}

}  // namespace sumscope::client

// sumscope probe RUN[@STEP] cascades: how far each answer digit looks back.
#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "client/cli/output/numbers.h"
#include "client/cli/probe/views/probe.h"
#include "client/cli/probe/views/view_parts.h"
#include "proto/contract/models/look_back.h"

namespace sumscope::client {
namespace {

struct ProbeCascadesOptions {
  std::optional<uint64_t> per_cell, seed;
};

using LookBackDigits = google::protobuf::RepeatedPtrField<v1::LookBackDigit>;

int LongestOf(const LookBackDigits& digits) {
  int longest = 0;
  for (const v1::LookBackDigit& digit : digits) longest = std::max(longest, digit.kappa_size());
  return longest;
}

// "-" where the questions are too few to show it: 0 would say that it is not.
std::string SureText(const v1::LookBackDigit& digit) {
  if (!CanShow(kSureAbove, digit.per_cell())) return "-";
  const LookBackGrade grade = GradeOf(digit);
  return absl::StrCat(grade.sure_to, grade.exact ? " (exact)" : "");
}

// The curve kappa_m over m = 0, 1, ..: 1 is always right, 0 is chance.
Table Curves(const LookBackDigits& digits, const View& view) {
  const int longest = LongestOf(digits);
  std::vector<Column> columns = {{"DIGIT"}, {"READS"}, {"SURE"}};
  for (int m = 0; m < longest; ++m) columns.push_back(NumberColumn(absl::StrCat("K", m)));
  Table table(std::move(columns));
  for (const v1::LookBackDigit& digit : digits) {
    const LookBackGrade grade = GradeOf(digit);
    std::vector<std::string> cells = {
        digit.digit(),
        CanShow(kReadsAbove, digit.per_cell()) ? absl::StrCat(grade.reads_to, " of ", digit.kappa_size()) : "-",
        SureText(digit)};
    for (int m = 0; m < longest; ++m) {
      if (m >= digit.kappa_size()) {
        cells.push_back(" ");
      } else if (view.wide && m < digit.kappa_lower_size() && m < digit.kappa_upper_size()) {
        cells.push_back(absl::StrCat(FormatDecimals(digit.kappa(m), 3), " (", FormatDecimals(digit.kappa_lower(m), 3),
                                     "..", FormatDecimals(digit.kappa_upper(m), 3), ")"));
      } else {
        cells.push_back(FormatDecimals(digit.kappa(m), 2));
      }
    }
    table.AddRow(std::move(cells));
  }
  return table;
}

uint32_t Neither(const v1::LookBackDigit& digit, int m) {
  const uint64_t named = uint64_t{digit.right(m)} + digit.other(m);
  return named < digit.per_cell() ? static_cast<uint32_t>(digit.per_cell() - named) : 0;
}

// The share of answers that are neither digit; no row for a digit that has none. Older results do not say.
Table NeitherShares(const LookBackDigits& digits) {
  const int longest = LongestOf(digits);
  std::vector<Column> columns = {{"DIGIT"}};
  for (int m = 0; m < longest; ++m) columns.push_back(NumberColumn(absl::StrCat("K", m)));
  Table table(std::move(columns));
  for (const v1::LookBackDigit& digit : digits) {
    std::vector<std::string> cells = {digit.digit()};
    bool any = false;
    for (int m = 0; m < longest; ++m) {
      const bool known = m < digit.right_size() && m < digit.other_size() && digit.per_cell() > 0;
      const uint32_t neither = known ? Neither(digit, m) : 0;
      any = any || neither > 0;
      cells.push_back(known ? RoundPercent(100.0 * neither / digit.per_cell()) : " ");
    }
    if (any) table.AddRow(std::move(cells));
  }
  return table;
}

void AppendDigits(std::string* text, const std::string& title, const LookBackDigits& digits, const View& view) {
  AppendTable(text, title, Curves(digits, view), view);
  AppendTable(text, absl::StrCat(title, ": percent of answers with neither carry's digit"), NeitherShares(digits),
              view);
}

Table Agreement(const v1::LookBackAgreement& agreement) {
  Table table({NumberColumn("LOOK-BACK"), NumberColumn("ITSELF RIGHT"), NumberColumn("MODEL AGREES"),
               NumberColumn("ON MISTAKES"), NumberColumn("GENERATED AGREES"), NumberColumn("ON MISTAKES")});
  for (const v1::LookBackK& by_k : agreement.by_k()) {
    table.AddRow({absl::StrCat(by_k.k()), FormatCount(by_k.exact()), FormatCount(by_k.forced().agree()),
                  FormatCount(by_k.forced().agree_on_mistakes()), FormatCount(by_k.generated().agree()),
                  FormatCount(by_k.generated().agree_on_mistakes())});
  }
  return table;
}

Table ClassAccuracies(const v1::CascadesResult& result) {
  Table table({{"CLASS"}, NumberColumn("ACCURACY"), NumberColumn("CORRECT"), NumberColumn("OF")});
  for (const v1::ClassResult& one : result.classes()) {
    table.AddRow({one.question_class(), one.exact().count() == 0 ? "" : FormatPercent(one.exact().rate()),
                  FormatCount(one.exact().correct()), FormatCount(one.exact().count())});
  }
  return table;
}

// Whether kappa's interval stays at or below `threshold` even when every answer is right.
bool TooFewFor(double threshold, const v1::CascadesResult& result) {
  bool too_few = false;
  ForEachDigit(result,
               [&](const v1::LookBackDigit& digit) { too_few = too_few || !CanShow(threshold, digit.per_cell()); });
  return too_few;
}

// A floor of 0 says that nothing is missing, not that the loss is small.
std::string Floor(double floor) { return floor > 0 ? FormatLoss(floor) : "none: no column is left unread"; }

std::string FloorText(const v1::CascadesResult& result) {
  const v1::BayesFloor& floor = result.floor();
  // Of grades that the questions cannot show the floor is that of k = 0.
  const bool reads = !TooFewFor(kReadsAbove, result), sure = result.sure_above() > 0 && !TooFewFor(kSureAbove, result);
  std::vector<std::pair<std::string, std::string>> pairs = {{"measured", FormatLoss(floor.measured_loss())}};
  if (reads) pairs.emplace_back("floor where each digit reads", Floor(floor.at_measured_k()));
  if (sure) pairs.emplace_back("floor where each is sure", Floor(floor.at_sure_s()));
  pairs.emplace_back("floor at k = 2 throughout", Floor(floor.at_published_k()));
  if (reads) pairs.emplace_back("generated, where each reads", Floor(floor.at_measured_k_generated()));
  if (sure) pairs.emplace_back("generated, where each is sure", Floor(floor.at_sure_s_generated()));
  pairs.emplace_back("generated, at k = 2", Floor(floor.at_published_k_generated()));
  std::string text =
      absl::StrCat("\nloss on uniform additions beside the best that look-back can do (nats per token)\n",
                   AlignedPairs(std::move(pairs)));
  if (reads && floor.measured_loss() > floor.at_measured_k()) {
    absl::StrAppend(&text, "a floor takes a column that is read for one that is always read right: what\n",
                    "the loss has above it are mistakes that a kappa below 1 shows, and others\n");
  }
  if (sure && floor.measured_loss() < floor.at_sure_s()) {
    absl::StrAppend(&text, "the loss lies below the floor of SURE: columns beyond are read too, if not surely\n");
  }
  return text;
}

void AddCurveRows(Table* table, const char* operation, const LookBackDigits& digits) {
  for (const v1::LookBackDigit& digit : digits) {
    for (int m = 0; m < digit.kappa_size(); ++m) {
      const auto at = [m](const google::protobuf::RepeatedField<double>& values) {
        return m < values.size() ? ShortestDouble(values[m]) : "";
      };
      const LookBackGrade grade = GradeOf(digit);
      const auto count = [m](const google::protobuf::RepeatedField<uint32_t>& values) {
        return m < values.size() ? absl::StrCat(values[m]) : "";
      };
      table->AddRow({operation, digit.digit(), absl::StrCat(grade.reads_to), grade.exact ? "true" : "false",
                     absl::StrCat(m), count(digit.right()), absl::StrCat(digit.per_cell()), at(digit.kappa()),
                     at(digit.kappa_lower()), at(digit.kappa_upper()), absl::StrCat(grade.sure_to),
                     count(digit.other())});
    }
  }
}

class CascadesProbe final : public TypedProbe<v1::CascadesRequest, v1::CascadesResult> {
  std::string description() const override {
    return "The look-back verdict: how many columns each answer digit looks back";
  }
  bool follows_training() const override { return true; }
  FillOwn DoAddOptions(Command command) const override {
    const auto options = std::make_shared<ProbeCascadesOptions>();
    command.AddUnsigned("--per-cell", &options->per_cell, "questions per digit and length (default 1000)",
                        std::numeric_limits<uint32_t>::max());
    command.AddUnsigned("--seed", &options->seed, "of these questions (default 0)");
    return [options](v1::CascadesRequest* cascades) {
      if (options->per_cell) cascades->set_per_cell(static_cast<uint32_t>(*options->per_cell));
      if (options->seed) cascades->set_seed(*options->seed);
      return absl::OkStatus();
    };
  }
  Pairs DoDescribe(const v1::CascadesRequest& request) const override {
    return {{"verdict", absl::StrCat(PerCellText(request.per_cell()), SeedText(request.seed()))}};
  }
  std::string DoText(const v1::CascadesResult& result, const View& view) const override {
    std::string text = absl::StrCat(
        "how many columns each answer digit looks back. Km: kappa with m columns to pass,\n",
        "right less the other carry (1 always right, 0 chance). READS, SURE: leading m\nwhose kappa is above ",
        kReadsAbove, ", ", kSureAbove, " with its whole 95 % interval; exact: sure of all\n");
    const bool none_reads = TooFewFor(kReadsAbove, result);
    if (none_reads || TooFewFor(kSureAbove, result)) {
      absl::StrAppend(
          &text, "note: too few questions per digit and length for ", none_reads ? "a verdict" : "SURE",
          ", ask more with\n      --per-cell: even when all are right, kappa's 95 % interval does not stay\n",
          "      above ", none_reads ? kReadsAbove : kSureAbove, "\n");
    }
    AppendDigits(&text, "additions", result.additions(), view);
    AppendDigits(&text, "subtractions, a > b", result.subtractions_positive(), view);
    AppendDigits(&text, "subtractions, a < b", result.subtractions_negative(), view);
    AppendTable(&text, "classes without a cascade: carries that the model invents", ClassAccuracies(result), view);
    if (result.has_floor()) absl::StrAppend(&text, FloorText(result));
    for (const v1::LookBackAgreement& agreement : result.agreements()) {
      AppendTable(
          &text,
          absl::StrCat("agreement with look-back-k over ", FormatCount(agreement.questions()), " ",
                       OperationText(agreement.operation()), " (", Counted(agreement.mistakes_forced(), "mistake"),
                       ", ", FormatCount(agreement.mistakes_generated()), " generated)"),
          Agreement(agreement), view);
    }
    return text;
  }
  Table DoRows(const v1::CascadesResult& result) const override {
    Table table({{"operation"},
                 {"digit"},
                 {"k"},
                 {"exact"},
                 {"m"},
                 {"right"},
                 {"per_cell"},
                 {"kappa"},
                 {"kappa_lower"},
                 {"kappa_upper"},
                 {"s"},
                 {"other"}});
    AddCurveRows(&table, "add", result.additions());
    AddCurveRows(&table, "sub_positive", result.subtractions_positive());
    AddCurveRows(&table, "sub_negative", result.subtractions_negative());
    return table;
  }
  std::vector<absl::string_view> headlines() const override {
    return {"floor.measured_loss",
            "floor.at_measured_k",
            "floor.at_sure_s",
            "floor.at_published_k",
            "additions.*.k",
            "additions.*.s",
            "additions.*.exact",
            "subtractions_positive.*.k",
            "subtractions_positive.*.s",
            "subtractions_positive.*.exact",
            "subtractions_negative.*.k",
            "subtractions_negative.*.s",
            "subtractions_negative.*.exact",
            "classes.*.exact.rate"};
  }
  std::string HeadlineWords(absl::string_view path) const override {
    // additions.A3.k is READS of A3.
    static const auto* const kWords =
        new std::map<absl::string_view, absl::string_view>{{"floor.measured_loss", "measured loss"},
                                                           {"floor.at_measured_k", "floor where each digit reads"},
                                                           {"floor.at_sure_s", "floor where each is sure"},
                                                           {"floor.at_published_k", "floor at k = 2 throughout"},
                                                           {"subtractions_positive", "subtractions, a > b:"},
                                                           {"subtractions_negative", "subtractions, a < b:"},
                                                           {"additions", "additions:"},
                                                           {"k", "READS"},
                                                           {"s", "SURE"}};
    const auto words_of = [](absl::string_view text) {
      const auto words = kWords->find(text);
      return words == kWords->end() ? text : words->second;
    };
    if (words_of(path) != path) return std::string(words_of(path));
    std::vector<absl::string_view> parts = absl::StrSplit(path, '.');
    if (words_of(parts.front()) == parts.front()) return std::string(path);
    for (absl::string_view& part : parts) part = words_of(part);
    return absl::StrJoin(parts, " ");
  }
};

}  // namespace

const Probe& ProbeCascades() {
  static const auto* const kProbe = new CascadesProbe;
  return *kProbe;
}

}  // namespace sumscope::client

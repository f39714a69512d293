#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/output/numbers.h"
#include "client/cli/output/probes/view_parts.h"

namespace sumscope::client {
namespace {

constexpr double kVerdictKappa = 0.5;  // a digit looks through m columns where the lower end of kappa is above it

using Digits = google::protobuf::RepeatedPtrField<v1::LookBackDigit>;

// The curve kappa_m over m = 0, 1, ..: 1 is always right, 0 is chance.
Table Curves(const Digits& digits, const View& view) {
  int longest = 0;
  for (const v1::LookBackDigit& digit : digits) longest = std::max(longest, digit.kappa_size());
  std::vector<Column> columns = {{"DIGIT"}, {"LOOKS BACK"}};
  for (int m = 0; m < longest; ++m) columns.push_back(NumberColumn(absl::StrCat("K", m)));
  Table table(std::move(columns));
  for (const v1::LookBackDigit& digit : digits) {
    std::vector<std::string> cells = {digit.digit(), absl::StrCat(digit.k(), digit.exact() ? " (exact)" : "")};
    for (int m = 0; m < longest; ++m) {
      if (m >= digit.kappa_size()) {
        cells.push_back(" ");
      } else if (view.wide && m < digit.kappa_lower_size() && m < digit.kappa_upper_size()) {
        cells.push_back(
            absl::StrFormat("%.3f (%.3f..%.3f)", digit.kappa(m), digit.kappa_lower(m), digit.kappa_upper(m)));
      } else {
        cells.push_back(absl::StrFormat("%.2f", digit.kappa(m)));
      }
    }
    table.AddRow(std::move(cells));
  }
  return table;
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

Table Classes(const v1::CascadesResult& result) {
  Table table({{"CLASS"}, NumberColumn("ACCURACY"), NumberColumn("CORRECT"), NumberColumn("OF")});
  for (const v1::ClassResult& one : result.classes()) {
    table.AddRow({one.question_class(), one.exact().count() == 0 ? "" : FormatPercent(one.exact().rate()),
                  FormatCount(one.exact().correct()), FormatCount(one.exact().count())});
  }
  return table;
}

std::string FloorText(const v1::BayesFloor& floor) {
  return absl::StrCat("\nloss on uniform additions beside the best that look-back can do (nats per token)\n",
                      AlignedPairs({{"measured", FormatLoss(floor.measured_loss())},
                                    {"floor at the measured k", FormatLoss(floor.at_measured_k())},
                                    {"floor at k = 2 throughout", FormatLoss(floor.at_published_k())},
                                    {"generated, at the measured k", FormatLoss(floor.at_measured_k_generated())},
                                    {"generated, at k = 2", FormatLoss(floor.at_published_k_generated())}}));
}

void AddCurveRows(Table* table, const char* operation, const Digits& digits) {
  for (const v1::LookBackDigit& digit : digits) {
    for (int m = 0; m < digit.kappa_size(); ++m) {
      const auto at = [m](const google::protobuf::RepeatedField<double>& values) {
        return m < values.size() ? ShortestDouble(values[m]) : "";
      };
      table->AddRow({operation, digit.digit(), absl::StrCat(digit.k()), digit.exact() ? "true" : "false",
                     absl::StrCat(m), m < digit.right_size() ? absl::StrCat(digit.right(m)) : "",
                     absl::StrCat(digit.per_cell()), at(digit.kappa()), at(digit.kappa_lower()),
                     at(digit.kappa_upper())});
    }
  }
}

// Whether kappa's interval stays at or below the verdict's 0.5 even when every answer is right.
bool TooFewForAVerdict(const Digits& digits) {
  return std::any_of(digits.begin(), digits.end(), [](const v1::LookBackDigit& digit) {
    for (int m = 0; m < std::min(digit.right_size(), digit.kappa_lower_size()); ++m) {
      if (digit.right(m) == digit.per_cell() && digit.kappa_lower(m) <= kVerdictKappa) return true;
    }
    return false;
  });
}

}  // namespace

std::string ProbeText(const v1::CascadesResult& result, const View& view) {
  std::string text =
      "how many columns each answer digit looks back; Km: kappa with m columns to pass (1 right, 0 chance)\n";
  if (TooFewForAVerdict(result.additions()) || TooFewForAVerdict(result.subtractions_positive()) ||
      TooFewForAVerdict(result.subtractions_negative())) {
    absl::StrAppend(&text,
                    "note: too few questions per digit and length for a verdict, ask more with --per-cell: even ",
                    "when all are\n      right, kappa's 95 % interval does not stay above ", kVerdictKappa, "\n");
  }
  AppendTable(&text, "additions", Curves(result.additions(), view), view);
  AppendTable(&text, "subtractions, a > b", Curves(result.subtractions_positive(), view), view);
  AppendTable(&text, "subtractions, a < b", Curves(result.subtractions_negative(), view), view);
  AppendTable(&text, "classes without a cascade: carries that the model invents", Classes(result), view);
  if (result.has_floor()) absl::StrAppend(&text, FloorText(result.floor()));
  for (const v1::LookBackAgreement& agreement : result.agreements()) {
    AppendTable(&text,
                absl::StrCat("agreement with look-back-k over ", FormatCount(agreement.questions()), " ",
                             OperationText(agreement.operation()), " (", FormatCount(agreement.mistakes_forced()),
                             " mistakes, ", FormatCount(agreement.mistakes_generated()), " generated)"),
                Agreement(agreement), view);
  }
  return text;
}

Table ProbeRows(const v1::CascadesResult& result) {
  Table table({{"operation"},
               {"digit"},
               {"k"},
               {"exact"},
               {"m"},
               {"right"},
               {"per_cell"},
               {"kappa"},
               {"kappa_lower"},
               {"kappa_upper"}});
  AddCurveRows(&table, "add", result.additions());
  AddCurveRows(&table, "sub_positive", result.subtractions_positive());
  AddCurveRows(&table, "sub_negative", result.subtractions_negative());
  return table;
}

}  // namespace sumscope::client

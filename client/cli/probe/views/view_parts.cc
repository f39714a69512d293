#include "client/cli/probe/views/view_parts.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "client/cli/output/numbers.h"
#include "proto/contract/models/node_names.h"
#include "proto/contract/models/spec_fields.h"
#include "proto/contract/text/terminal_text.h"

namespace sumscope::client {

Column NumberColumn(absl::string_view name, unsigned shown) { return {std::string(name), shown, /*right=*/true}; }

Column RoomyColumn(absl::string_view name, int drop) {
  Column column = NumberColumn(name);
  column.drop = drop;
  return column;
}

void AppendTable(std::string* text, absl::string_view title, const Table& table, const View& view) {
  if (table.empty()) return;
  absl::StrAppend(text, "\n", title, "\n", table.Aligned(view.wide ? kInWide : kInTable, true, view.width));
}

std::string RowText(const View& view, uint32_t position) {
  const uint32_t length = ContextLength(view.spec);
  if (position >= length) return absl::StrCat("P", position);
  const bool predicts = position > 2 * view.spec.n_digits() && position + 1 < length;  // from the row of = on
  return RowText(position, PositionMeaning(view.spec, position),
                 predicts ? PositionMeaning(view.spec, position + 1) : "");
}

std::string RowText(uint32_t position, absl::string_view meaning, absl::string_view predicts) {
  return absl::StrCat("P", position, " ", meaning, predicts.empty() ? "" : "->", predicts);
}

std::string WholePercent(double percent) { return absl::StrCat(RoundPercent(percent), " %"); }

std::string FailPercentText(uint32_t fail_percent, bool fails) {
  return RoundPercent(fails && fail_percent == 0 ? 0.5 : fail_percent);
}

std::string ShareText(uint64_t part, uint64_t whole) {
  std::string text = absl::StrCat(FormatCount(part), " of ", FormatCount(whole));
  if (whole == 0) return text;
  return absl::StrCat(text, " (", FormatPercent(static_cast<double>(part) / static_cast<double>(whole)), ")");
}

std::string IntervalText(const v1::Rate& rate) {
  const std::string lower = FormatPercent(rate.lower());
  return absl::StrCat(absl::StripSuffix(lower, " %"), " .. ", FormatPercent(rate.upper()));
}

std::string BaselineText(const v1::AblationBaseline& baseline) {
  return absl::StrCat(ShareText(baseline.right(), baseline.questions()), " right without it, loss ",
                      FormatLoss(baseline.loss()));
}

void AppendWarnings(std::string* text, const google::protobuf::RepeatedPtrField<std::string>& warnings) {
  if (!warnings.empty()) absl::StrAppend(text, "\n");
  for (const std::string& warning : warnings) absl::StrAppend(text, "warning: ", EscapeText(warning), "\n");
}

std::string AblationModeText(v1::AblationMode mode) {
  switch (mode) {
    case v1::ZERO:
      return "zero";
    case v1::RESAMPLE:
      return "resample";
    default:
      return "mean";
  }
}

std::string SeedText(uint64_t seed) { return absl::StrCat(", seed ", seed); }

std::string PerCellText(uint32_t per_cell) {
  return absl::StrCat(Counted(per_cell, "question"), " per digit and length");
}

std::string OperationText(v1::Operation operation) {
  switch (operation) {
    case v1::ADD:
      return "additions";
    case v1::SUB:
      return "subtractions";
    case v1::MUL:
      return "products";
    default:
      return ShortEnumName(v1::Operation_descriptor()->FindValueByNumber(operation));
  }
}

Table TagRows(const google::protobuf::RepeatedPtrField<v1::NodeTag>& tags) {
  Table table({{"NODE"}, {"TAG"}});
  for (const v1::NodeTag& tag : tags) table.AddRow({tag.node(), tag.tag()});
  return table;
}

std::string CountsText(const google::protobuf::RepeatedPtrField<std::string>& tokens,
                       const google::protobuf::RepeatedField<uint32_t>& counts) {
  std::vector<std::string> parts;
  for (int i = 0; i < std::min(tokens.size(), counts.size()); ++i) {
    if (counts[i] > 0) parts.push_back(absl::StrCat(tokens[i], "=", counts[i]));
  }
  return absl::StrJoin(parts, " ");
}

}  // namespace sumscope::client

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/output/numbers.h"
#include "client/cli/output/probes/view_parts.h"

namespace sumscope::client {
namespace {

std::string BoundariesText(const v1::PhasedSeries& series, int shown) {
  std::string text = FormatDigits(series.first_loss(), 3);
  for (int i = 0; i < series.boundaries_size() && i < shown; ++i) {
    const v1::PhaseBoundary& boundary = series.boundaries(i);
    absl::StrAppend(&text, " | ", boundary.step(), ": ", FormatDigits(boundary.loss_after(), 3));
  }
  if (series.boundaries_size() > shown) absl::StrAppend(&text, " | ", series.boundaries_size() - shown, " more");
  return text;
}

Table Series(const char* name, const google::protobuf::RepeatedPtrField<v1::PhasedSeries>& all, const View& view) {
  constexpr int kBoundariesShown = 4;
  Table table({{name},
               NumberColumn("LEARNT AT"),
               NumberColumn("LAST LOSS"),
               {"LOSS | STEP: LOSS AFTER IT", kEverywhere, false, /*wrap=*/24}});
  for (const v1::PhasedSeries& series : all) {
    table.AddRow({series.name(), series.has_learnt_step() ? FormatCount(series.learnt_step()) : "never",
                  FormatDigits(series.last_loss(), 3),
                  BoundariesText(series, view.wide ? series.boundaries_size() : kBoundariesShown)});
  }
  return table;
}

}  // namespace

std::string ProbeText(const v1::PhasesResult& result, const View& view) {
  const auto in_order = [](const google::protobuf::RepeatedPtrField<std::string>& names) {
    return names.empty() ? "none was learnt" : absl::StrJoin(names, ", ");
  };
  std::string text = AlignedPairs({{"steps", FormatCount(result.steps())},
                                   {"digits learnt in order", in_order(result.order())},
                                   {"cells learnt in order", in_order(result.cell_order())}});
  AppendTable(&text, "phases of each answer digit", Series("DIGIT", result.digits(), view), view);
  AppendTable(&text, "phases of each cell", Series("CELL", result.cells(), view), view);
  return text;
}

Table ProbeRows(const v1::PhasesResult& result) {
  Table table({{"series"}, {"name"}, {"what"}, {"step"}, {"loss_before"}, {"loss_after"}});
  const auto add = [&table](const char* kind, const google::protobuf::RepeatedPtrField<v1::PhasedSeries>& all) {
    for (const v1::PhasedSeries& series : all) {
      table.AddRow({kind, series.name(), "learnt", series.has_learnt_step() ? absl::StrCat(series.learnt_step()) : "",
                    ShortestDouble(series.first_loss()), ShortestDouble(series.last_loss())});
      for (const v1::PhaseBoundary& boundary : series.boundaries()) {
        table.AddRow({kind, series.name(), "boundary", absl::StrCat(boundary.step()),
                      ShortestDouble(boundary.loss_before()), ShortestDouble(boundary.loss_after())});
      }
    }
  };
  add("digit", result.digits());
  add("cell", result.cells());
  return table;
}

}  // namespace sumscope::client

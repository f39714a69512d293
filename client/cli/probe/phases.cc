// sumscope probe RUN phases: when each digit was learnt.
#include <limits>
#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/output/numbers.h"
#include "client/cli/probe/views/probe.h"
#include "client/cli/probe/views/view_parts.h"

namespace sumscope::client {
namespace {

struct ProbePhasesOptions {
  std::optional<uint64_t> window;
  std::optional<double> penalty, learnt_below;
};

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

class PhasesProbe final : public TypedProbe<v1::PhasesRequest, v1::PhasesResult> {
  std::string description() const override {
    return "Phases of training: change points of each digit's loss, and the order of learning";
  }
  bool follows_training() const override { return true; }
  FillOwn DoAddOptions(Command command) const override {
    const auto options = std::make_shared<ProbePhasesOptions>();
    command.AddUnsigned("--window", &options->window, "steps of one median (default 50)",
                        std::numeric_limits<uint32_t>::max());
    command.AddNumber("--penalty", &options->penalty,
                      "multiplies what a boundary must explain: 2 gives fewer phases, 0.5 more (default 1)");
    command.AddNumber("--learnt-below", &options->learnt_below, "loss below which a digit is learnt (default 0.1)");
    return [options](v1::PhasesRequest* phases) {
      if (options->window) phases->set_window(static_cast<uint32_t>(*options->window));
      if (options->penalty) phases->set_penalty(*options->penalty);
      if (options->learnt_below) phases->set_learnt_below(*options->learnt_below);
      return absl::OkStatus();
    };
  }
  Pairs DoDescribe(const v1::PhasesRequest& request) const override {
    return {
        {"settings", absl::StrCat("median of ", request.window(), " steps, penalty ", ShortestDouble(request.penalty()),
                                  ", learnt below ", ShortestDouble(request.learnt_below()))}};
  }
  std::string DoText(const v1::PhasesResult& result, const View& view) const override {
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
  Table DoRows(const v1::PhasesResult& result) const override {
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
  std::vector<absl::string_view> headlines() const override {
    return {"order", "cell_order", "digits.*.learnt_step", "cells.*.learnt_step"};
  }
};

}  // namespace

const Probe& ProbePhases() {
  static const auto* const kProbe = new PhasesProbe;
  return *kProbe;
}

}  // namespace sumscope::client

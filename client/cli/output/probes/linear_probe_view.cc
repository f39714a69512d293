#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/output/numbers.h"
#include "client/cli/output/probes/view_parts.h"

namespace sumscope::client {
namespace {

std::string RateText(const v1::Rate& rate) {
  return absl::StrCat(FormatPercent(rate.rate()), " of ", FormatCount(rate.count()), " (95 % interval ",
                      IntervalText(rate), ")");
}

}  // namespace

std::string ProbeText(const v1::LinearProbeResult& result, const View&) {
  const std::string labels = absl::StrJoin(result.labels(), "  ", [](std::string* out, const v1::ProbeLabel& label) {
    absl::StrAppend(out, label.label(), " (", FormatCount(label.count()), ")");
  });
  return AlignedPairs({{"held-out accuracy", RateText(result.held_out())},
                       {"shuffled labels", RateText(result.shuffled())},
                       {"always the commonest", FormatPercent(result.majority())},
                       {"training accuracy", RateText(result.train())},
                       {"held-out loss", absl::StrCat(FormatLoss(result.held_out_loss()), " nats")},
                       {"trained on", absl::StrCat(FormatCount(result.trained_on()), " questions, ",
                                                   result.iterations(), " iterations")},
                       {"labels", labels}});
}

Table ProbeRows(const v1::LinearProbeResult& result) {
  Table table({{"name"}, {"count"}, {"correct"}, {"value"}, {"lower"}, {"upper"}});
  const auto add = [&table](const char* name, const v1::Rate& rate) {
    table.AddRow({name, absl::StrCat(rate.count()), absl::StrCat(rate.correct()), ShortestDouble(rate.rate()),
                  ShortestDouble(rate.lower()), ShortestDouble(rate.upper())});
  };
  add("held_out", result.held_out());
  add("train", result.train());
  add("shuffled", result.shuffled());
  table.AddRow({"majority", "", "", ShortestDouble(result.majority())});
  table.AddRow({"held_out_loss", "", "", ShortestDouble(result.held_out_loss())});
  for (const v1::ProbeLabel& label : result.labels()) {
    table.AddRow({absl::StrCat("label ", label.label()), absl::StrCat(label.count())});
  }
  return table;
}

}  // namespace sumscope::client

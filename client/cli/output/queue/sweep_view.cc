#include "client/cli/output/queue/sweep_view.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "client/cli/arguments/users.h"
#include "client/cli/output/labels.h"
#include "client/cli/output/numbers.h"
#include "client/cli/output/queue/job_view.h"
#include "proto/contract/analyses/kinds/kinds.h"
#include "proto/contract/base/timestamp.h"
#include "proto/contract/names/resource_names.h"
#include "proto/contract/names/states.h"

namespace sumscope::client {
namespace {

using StateCounts = google::protobuf::RepeatedPtrField<v1::StateCount>;

uint32_t CountOfState(const StateCounts& counts, v1::State state) {
  uint32_t all = 0;
  for (const v1::StateCount& one : counts) all += one.state() == state ? one.count() : 0;
  return all;
}

uint32_t CountOfAll(const StateCounts& counts) {
  uint32_t all = 0;
  for (const v1::StateCount& one : counts) all += one.count();
  return all;
}

uint32_t CountOfWaiting(const StateCounts& counts) { return CountOfState(counts, v1::QUEUED); }

uint32_t CountOfRunning(const StateCounts& counts) {
  return CountOfState(counts, v1::STARTING) + CountOfState(counts, v1::RUNNING) + CountOfState(counts, v1::CANCELLING);
}

// "12 of 40 trainings done, 1 failed"; what there is none of is not said.
std::string CountsText(const StateCounts& counts, absl::string_view noun) {
  if (CountOfAll(counts) == 0) return "";
  std::string text =
      absl::StrCat(CountOfState(counts, v1::SUCCEEDED), " of ", Counted(CountOfAll(counts), noun), " done");
  const std::pair<uint32_t, const char*> rest[] = {{CountOfState(counts, v1::FAILED), "failed"},
                                                   {CountOfState(counts, v1::CANCELLED), "cancelled"},
                                                   {CountOfRunning(counts), "running"},
                                                   {CountOfWaiting(counts), "waiting"}};
  for (const auto& [count, word] : rest) {
    if (count > 0) absl::StrAppend(&text, ", ", count, " ", word);
  }
  return text;
}

// "seed 1, 2, 3 .. 40 (40 values)".
std::string FieldText(const v1::SweepField& field) {
  constexpr int kShown = 6;
  std::string text = field.field();
  for (int i = 0; i < field.values_size(); ++i) {
    if (i == kShown - 1 && field.values_size() > kShown) {
      absl::StrAppend(&text, " .. ", field.values(field.values_size() - 1), " (", field.values_size(), " values)");
      break;
    }
    absl::StrAppend(&text, i == 0 ? " " : ", ", field.values(i));
  }
  return text;
}

std::string FieldsText(const v1::Sweep& sweep) {
  return absl::StrJoin(sweep.fields(), "; ",
                       [](std::string* out, const v1::SweepField& field) { absl::StrAppend(out, FieldText(field)); });
}

std::string ThenText(const v1::Sweep& sweep) {
  return absl::StrJoin(sweep.then(), ", ", [](std::string* out, const v1::AnalysisOrder& order) {
    absl::StrAppend(out, absl::StrReplaceAll(KindOf(order.request()).name(), {{"_", "-"}}));
  });
}

std::string SweepOwnerText(const v1::Sweep& sweep) {
  return absl::StrCat(UserIdOf(sweep.owner()), sweep.visibility() == v1::PRIVATE ? "*" : "");
}

std::string SweepPrediction(const v1::Sweep& sweep) {
  if (!sweep.has_prediction()) return "";
  const v1::Prediction& prediction = sweep.prediction();
  return absl::StrCat(
      "\nprediction, of all of it\n",
      AlignedPairs({{"memory", absl::StrCat(FormatBytes(prediction.memory_bytes()), " for each that runs")},
                    {"disk", FormatBytes(prediction.disk_bytes())},
                    {"free disk", prediction.free_disk_bytes() > 0 ? FormatBytes(prediction.free_disk_bytes()) : ""},
                    {"time", absl::StrCat(AboutSpan(absl::Seconds(prediction.seconds())), " of a slot's time",
                                          BasisOfTime(prediction.measured(), prediction.basis()))}}));
}

std::string NextOfSweep(const v1::Sweep& sweep) {
  const std::string id = IdOf(sweep.name());
  if (id.empty()) return "";
  const std::string list = absl::StrCat("sumscope runs list --filter 'sweep = \"", id, "\"'");
  switch (sweep.state()) {
    case v1::SWEEP_SUCCEEDED:
      return absl::StrCat("\nnext  sumscope probe --sweep ", id, " evaluate\n      ", list, "\n");
    case v1::SWEEP_FAILED:
      return absl::StrCat("\nnext  sumscope sweeps retry ", id, " --failed\n      ", list, "\n");
    case v1::SWEEP_RUNNING:
      return absl::StrCat("\nnext  sumscope sweeps watch ", id, "\n      sumscope sweeps cancel ", id, "\n      ", list,
                          "\n");
    default:
      return absl::StrCat("\nnext  ", list, "\n");
  }
}

}  // namespace

std::string SweepStateText(v1::SweepState state) {
  if (state == v1::SWEEP_STATE_UNSPECIFIED) return "";
  return std::string(absl::StripPrefix(v1::SweepState_Name(state), "SWEEP_"));
}

std::string TallyText(const v1::Sweep& sweep) {
  const std::string runs = CountsText(sweep.run_counts(), "training");
  const std::string analyses =
      absl::StrReplaceAll(CountsText(sweep.analysis_counts(), "analysis"), {{"analysiss", "analyses"}});
  return absl::StrCat(runs, runs.empty() || analyses.empty() ? "" : "; ", analyses);
}

Document ShowSweeps(const Session& session, const std::vector<v1::Sweep>& sweeps, absl::Time now) {
  Table table({{"SWEEP"},
               {"MODEL", kEverywhere, false, 0, /*cut=*/18},
               {"VARIES", kInWide, false, /*wrap=*/16},
               {"STATE"},
               {"RUNS", kEverywhere, true},
               {"DONE", kEverywhere, true},
               {"FAILED", kEverywhere, true},
               {"RUNNING", kEverywhere, true, 0, 0, /*drop=*/4},
               {"WAITING", kEverywhere, true, 0, 0, /*drop=*/3},
               {"ANALYSES", kForPeople, true, 0, 0, /*drop=*/2},
               {"PROGRESS", kForPeople, true},
               {"progress", kInCsv},
               {"ENDS", kForPeople, true},
               {"AGE", kForPeople, true, 0, 0, /*drop=*/5},
               {"OWNER", kForPeople, false, 0, 0, /*drop=*/1},
               {"owner", kInCsv},
               {"VISIBILITY", kInWide | kInCsv},
               {"create_time", kInCsv},
               {"end_time", kInCsv},
               {"LABELS", kInWide | kInCsv}});
  bool any_private = false;
  for (const v1::Sweep& sweep : sweeps) {
    any_private = any_private || sweep.visibility() == v1::PRIVATE;
    const uint32_t analyses = CountOfAll(sweep.analysis_counts());
    table.AddRow(
        {IdOf(sweep.name()),
         sweep.model_name(),
         FieldsText(sweep),
         SweepStateText(sweep.state()),
         absl::StrCat(sweep.runs()),
         absl::StrCat(CountOfState(sweep.run_counts(), v1::SUCCEEDED)),
         absl::StrCat(CountOfState(sweep.run_counts(), v1::FAILED)),
         absl::StrCat(CountOfRunning(sweep.run_counts())),
         absl::StrCat(CountOfWaiting(sweep.run_counts())),
         analyses == 0 ? "" : absl::StrCat(CountOfState(sweep.analysis_counts(), v1::SUCCEEDED), "/", analyses),
         absl::StrCat(RoundPercent(sweep.progress() * 100), " %"),
         ShortestDouble(sweep.progress()),
         InText(sweep.has_expected_end(), sweep.expected_end(), now, false),
         sweep.has_create_time() ? FormatAge(now - ToTime(sweep.create_time())) : "",
         SweepOwnerText(sweep),
         UserIdOf(sweep.owner()),
         VisibilityText(sweep.visibility()),
         StampText(sweep.has_create_time(), sweep.create_time()),
         StampText(sweep.has_end_time(), sweep.end_time()),
         LabelsText(sweep.labels())});
  }
  Document document = session.FromTable(table);
  if (any_private) document.footnote = "* private: only its owner and admins see it";
  for (const v1::Sweep& sweep : sweeps) {
    if (!sweep.name().empty()) document.ids.push_back(IdOf(sweep.name()));  // a dry run's has none
    document.items.push_back(ToJson(sweep));
  }
  return document;
}

Document ShowSweep(const Session& session, const v1::Sweep& sweep, absl::Time now) {
  Document document = ShowSweeps(session, {sweep}, now);
  document.json = document.items[0];
  return document;
}

Document ShowSweepInFull(const Session& session, const v1::Sweep& sweep, absl::Time now) {
  Document document = ShowSweep(session, sweep, now);
  const auto bound = [](uint32_t value) { return value > 0 ? absl::StrCat(value) : ""; };
  document.table = absl::StrCat(
      AlignedPairs({{"sweep", sweep.name().empty() ? "" : IdOf(sweep.name())},
                    {"model", sweep.model_name()},
                    {"varies", FieldsText(sweep)},
                    {"runs", FormatCount(sweep.runs())},
                    {"then", ThenText(sweep)},
                    {"at once", bound(sweep.max_parallel())},
                    {"ends after", sweep.max_fails() > 0 ? Counted(sweep.max_fails(), "failed run") : ""},
                    {"priority", sweep.priority() == v1::PRIORITY_UNSPECIFIED
                                     ? ""
                                     : absl::AsciiStrToLower(v1::Priority_Name(sweep.priority()))},
                    {"state", SweepStateText(sweep.state())},
                    {"detail", sweep.state_detail()},
                    {"done", sweep.name().empty() ? "" : TallyText(sweep)},
                    {"progress",
                     sweep.name().empty() ? "" : absl::StrCat(RoundPercent(sweep.progress() * 100), " % of all steps")},
                    {"ends", InText(sweep.has_expected_end(), sweep.expected_end(), now, true)},
                    {"owner", UserIdOf(sweep.owner())},
                    {"visibility", VisibilityText(sweep.visibility())},
                    {"labels", LabelsText(sweep.labels())},
                    {"created", StampText(sweep.has_create_time(), sweep.create_time())},
                    {"ended", StampText(sweep.has_end_time(), sweep.end_time())}}),
      SweepPrediction(sweep), NextOfSweep(sweep));
  document.wide = document.table;
  return document;
}

}  // namespace sumscope::client

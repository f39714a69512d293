#include "client/cli/output/runs/run_view.h"

#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/arguments/names.h"
#include "client/cli/arguments/users.h"
#include "client/cli/output/labels.h"
#include "client/cli/output/numbers.h"
#include "client/cli/output/runs/note_label.h"
#include "proto/contract/base/timestamp.h"
#include "proto/contract/names/resource_names.h"
#include "proto/contract/names/states.h"

namespace sumscope::client {
namespace {

std::string NoteOf(const v1::Run& run) {
  const auto note = run.labels().find(kNoteLabel);
  return note == run.labels().end() ? "" : note->second;
}

// "99.36 % of 10,000"; what the evaluation of most questions said, which are never products where a run adds too.
std::string AccuracyText(const v1::Run& run) {
  if (!run.has_accuracy()) return "";
  return absl::StrCat(FormatPercent(run.accuracy()), " of ", FormatCount(run.accuracy_questions()),
                      run.spec().operation() == v1::MAS ? " additions and subtractions" : "");
}

// "exact"; "reads 2, sure 1": the columns to which every digit looks back.
std::string RunLookBackText(const v1::Run& run) {
  if (!run.has_reads_to()) return "";
  if (run.look_back_exact()) return "exact";
  return absl::StrCat("reads ", run.reads_to(), ", sure ", run.sure_to());
}

std::string StepText(const v1::Run& run) {
  if (run.imported()) return "imported";
  return absl::StrCat(run.steps_done(), "/", run.spec().steps());
}

std::vector<Column> RunColumns() {
  constexpr unsigned kWhereSortedByIt = 0;
  return {{"RUN"},
          {"MODEL", kEverywhere, false, 0, /*cut=*/26},
          {"STATE"},
          {"REASON", kInWide | kInCsv},
          {"STEP", kForPeople, true},
          {"steps_done", kInCsv},
          {"steps", kInCsv},
          {"LOSS", kForPeople, true, 0, 0, /*drop=*/3},
          {"loss", kInCsv},
          {"HELDOUT", kForPeople, true},
          {"heldout_loss", kInCsv},
          {"ACCURACY", kInWide, true},
          {"NINES", kInWide, true},
          {"LOOK-BACK", kInWide},
          {"AGE", kForPeople, true, 0, 0, /*drop=*/2},
          {"ENDED", kWhereSortedByIt, true},
          {"OWNER", kForPeople, false, 0, 0, /*drop=*/1},
          {"owner", kInCsv},
          {"VISIBILITY", kInWide},
          {"ATTEMPT", kInWide | kInCsv, true},
          {"SEGMENT", kInWide | kInCsv, true},
          {"CREATED", kInWide},
          {"create_time", kInCsv},
          {"end_time", kInCsv},
          {"LABELS", kInWide | kInCsv},
          {"accuracy", kInCsv},
          {"accuracy_questions", kInCsv},
          {"nines", kInCsv},
          {"reads_to", kInCsv},
          {"sure_to", kInCsv},
          {"look_back_exact", kInCsv},
          {"visibility", kInCsv}};
}

// The column where people see what `sort_by` ("accuracy desc") orders; "" where that is in view anyway.
absl::string_view SortedColumn(absl::string_view sort_by) {
  static constexpr std::pair<absl::string_view, absl::string_view> kColumns[] = {
      {"accuracy", "ACCURACY"}, {"nines", "NINES"},     {"reads_to", "LOOK-BACK"},
      {"sure_to", "LOOK-BACK"}, {"create_time", "AGE"}, {"end_time", "ENDED"}};
  sort_by = absl::StripAsciiWhitespace(sort_by);
  sort_by = sort_by.substr(0, sort_by.find_first_of(" \t"));
  for (const auto& [key, column] : kColumns) {
    if (key == sort_by) return column;
  }
  return "";
}

// Its column comes into view and stays; models make room.
void ShowSorted(absl::string_view sort_by, std::vector<Column>* columns) {
  constexpr int kRoomForModel = 18;
  const absl::string_view name = SortedColumn(sort_by);
  if (name.empty()) return;
  for (Column& column : *columns) {
    if (column.cut > 0) column.cut = kRoomForModel;
    if (column.name != name) continue;
    column.shown |= kForPeople;
    column.drop = 0;
  }
}

// Who asked for a change sees it.
void ShowAlso(const std::set<absl::string_view>& names, std::vector<Column>* columns) {
  constexpr int kLeastRoom = 16;
  for (Column& column : *columns) {
    if (names.count(column.name) == 0) continue;
    column.shown |= kForPeople;
    if (column.name == "LABELS") column.wrap = kLeastRoom;
  }
}

bool IsPrivate(const v1::Run& run) { return run.visibility() == v1::PRIVATE; }

// A column of its own would take the room of three others.
std::string OwnerText(const v1::Run& run) { return absl::StrCat(run.owner(), IsPrivate(run) ? "*" : ""); }

Table RunTable(const std::vector<v1::Run>& runs, absl::Time now, std::vector<Column> columns) {
  Table table(std::move(columns));
  const auto count = [](bool has, uint32_t value) { return has ? absl::StrCat(value) : ""; };
  for (const v1::Run& run : runs) {
    const std::string nines = count(run.has_nines(), run.nines());
    const std::string created = StampText(run.has_create_time(), run.create_time());
    table.AddRow({RunIdOf(run.name()),
                  run.model_name(),
                  absl::StrCat(v1::State_Name(run.state()), run.has_delete_time() ? " (deleted)" : ""),
                  run.state_reason(),
                  StepText(run),
                  absl::StrCat(run.steps_done()),
                  absl::StrCat(run.spec().steps()),
                  run.has_loss() ? FormatLoss(run.loss()) : "",
                  run.has_loss() ? ShortestDouble(run.loss()) : "",
                  run.has_heldout_loss() ? FormatLoss(run.heldout_loss()) : "",
                  run.has_heldout_loss() ? ShortestDouble(run.heldout_loss()) : "",
                  run.has_accuracy() ? FormatPercent(run.accuracy()) : "",
                  nines,
                  RunLookBackText(run),
                  run.has_create_time() ? FormatAge(now - ToTime(run.create_time())) : "",
                  run.has_end_time() ? FormatAge(now - ToTime(run.end_time())) : "",
                  OwnerText(run),
                  run.owner(),
                  VisibilityText(run.visibility()),
                  absl::StrCat(run.attempt()),
                  absl::StrCat(run.segment()),
                  created,
                  created,
                  StampText(run.has_end_time(), run.end_time()),
                  LabelsText(run.labels()),
                  run.has_accuracy() ? ShortestDouble(run.accuracy()) : "",
                  count(run.has_accuracy_questions(), run.accuracy_questions()),
                  nines,
                  count(run.has_reads_to(), run.reads_to()),
                  count(run.has_sure_to(), run.sure_to()),
                  run.has_look_back_exact() ? (run.look_back_exact() ? "true" : "false") : "",
                  VisibilityText(run.visibility())});
  }
  return table;
}

// What a person would do next with a run in this state.
std::string NextSteps(const v1::Run& run) {
  const std::string id = RunIdOf(run.name());
  if (id.empty()) return "";
  if (run.has_delete_time()) return absl::StrCat("sumscope runs undelete ", id);
  switch (run.state()) {
    case v1::SUCCEEDED:
      return absl::StrCat("sumscope probe ", id, " evaluate --wait\n      sumscope runs export ", id, " --out ", id,
                          ".safetensors");
    case v1::FAILED:
    case v1::CANCELLED:
      return absl::StrCat("sumscope runs resume ", id, "   (from its last state)\n      sumscope runs retry ", id,
                          "    (a new run with the same spec)");
    default:
      return absl::StrCat("sumscope runs watch ", id, "\n      sumscope runs cancel ", id);
  }
}

std::string RunProgressText(const v1::Run& run) {
  if (run.imported()) return run.file_name().empty() ? "imported" : absl::StrCat("imported from ", run.file_name());
  if (run.name().empty()) return "";
  const double share = run.spec().steps() == 0 ? 0 : static_cast<double>(run.steps_done()) / run.spec().steps();
  return absl::StrCat(FormatCount(run.steps_done()), " of ", FormatCount(run.spec().steps()), " steps (",
                      RoundPercent(share * 100), " %)");
}

std::string Took(const v1::Run& run, absl::Time now) {
  if (!run.has_start_time()) return "";
  const absl::Time end = run.has_end_time() ? ToTime(run.end_time()) : now;
  return absl::StrCat(FormatSpan(end - ToTime(run.start_time())), run.has_end_time() ? "" : " so far");
}

std::string CheckpointsText(const v1::ListCheckpointsResponse& checkpoints) {
  if (checkpoints.checkpoints().empty()) return "";
  std::vector<std::string> steps;
  for (const auto& checkpoint : checkpoints.checkpoints()) steps.push_back(absl::StrCat(checkpoint.step()));
  return absl::StrCat(steps.size(), steps.size() == 1 ? ": step " : ": steps ", absl::StrJoin(steps, ", "));
}

std::string SegmentsText(const v1::Run& run, int width) {
  if (run.segments().empty()) return "";
  Table table({{"SEGMENT"},
               {"ATTEMPT"},
               {"FROM STEP", kEverywhere, true},
               {"HOST", kEverywhere, false, /*wrap=*/12},
               {"CPU", kEverywhere, false, /*wrap=*/12},
               {"ISA"},
               {"DEVICE"},
               {"THREADS", kEverywhere, true},
               {"TORCH"},
               {"SUMSCOPE"},
               {"STARTED"}});
  for (const v1::Attempt& segment : run.segments()) {
    table.AddRow({absl::StrCat(segment.segment()), absl::StrCat(segment.attempt()), absl::StrCat(segment.first_step()),
                  segment.host(), segment.cpu_model(), segment.isa_level(), segment.device(),
                  absl::StrCat(segment.threads()), segment.torch_version(),
                  absl::StrCat(segment.sumscope_version(), " ", segment.git_hash()),
                  segment.has_start_time() ? FormatTime(segment.start_time()) : ""});
  }
  return absl::StrCat("\nsegments", run.mixed_hardware() ? " (on different hardware)" : "", "\n",
                      table.Aligned(kInWide, true, width),
                      "Threads are part of a result, as device and ISA are: the same give the same bytes.\n");
}

std::string PredictionText(const v1::Run& run) {
  if (!run.has_prediction()) return "";
  const v1::Prediction& prediction = run.prediction();
  return absl::StrCat(
      "\nprediction\n",
      AlignedPairs({{"parameters", FormatCount(prediction.parameters())},
                    {"memory", FormatBytes(prediction.memory_bytes())},
                    {"disk", FormatBytes(prediction.disk_bytes())},
                    {"free disk", prediction.free_disk_bytes() > 0 ? FormatBytes(prediction.free_disk_bytes()) : ""},
                    {"work", absl::StrCat(FormatLoss(prediction.training_flops() / 1e12), " TFLOP")},
                    {"time", absl::StrCat(AboutSpan(absl::Seconds(prediction.seconds())),
                                          BasisOfTime(prediction.measured(), prediction.basis()))}}));
}

}  // namespace

std::string DescribeState(v1::State state, absl::string_view reason) {
  return reason.empty() ? v1::State_Name(state) : absl::StrCat(v1::State_Name(state), " (", reason, ")");
}

Document ShowRuns(const Session& session, const std::vector<v1::Run>& runs, absl::Time now, const std::string& sort_by,
                  std::set<absl::string_view> also) {
  std::vector<Column> columns = RunColumns();
  ShowSorted(sort_by, &columns);
  ShowAlso(also, &columns);
  Document document = session.FromTable(RunTable(runs, now, std::move(columns)));
  if (absl::c_any_of(runs, IsPrivate)) document.footnote = "* private: only its owner and admins see it";
  for (const v1::Run& run : runs) {
    if (!run.name().empty()) document.ids.push_back(RunIdOf(run.name()));  // a dry run's has none
    document.items.push_back(ToJson(run));
  }
  return document;
}

Document ShowRun(const Session& session, const v1::Run& run, absl::Time now, std::set<absl::string_view> also) {
  if (!run.labels().empty()) also.insert("LABELS");
  Document document = ShowRuns(session, {run}, now, /*sort_by=*/"", std::move(also));
  document.json = document.items[0];
  return document;
}

Document ShowRunInFull(const Session& session, const v1::Run& run, const v1::ListCheckpointsResponse& checkpoints,
                       absl::Time now) {
  Document document = ShowRun(session, run, now);
  const std::string next = NextSteps(run);
  document.table = absl::StrCat(
      AlignedPairs(
          {{"run", RunIdOf(run.name())},
           {"model", run.model_name()},
           {"state", run.state() == v1::STATE_UNSPECIFIED ? "" : DescribeState(run.state(), run.state_reason())},
           {"detail", run.state_detail()},
           {"progress", RunProgressText(run)},
           {"read as ours", absl::StrJoin(run.import_notes(), "; ")},
           {"loss", run.has_loss() ? absl::StrCat(FormatLoss(run.loss()), " (last step, nats)") : ""},
           {"held-out loss",
            run.has_heldout_loss() ? absl::StrCat(FormatLoss(run.heldout_loss()), " (last checkpoint)") : ""},
           {"accuracy", AccuracyText(run)},
           {"look-back", RunLookBackText(run)},
           {"checkpoints", CheckpointsText(checkpoints)},
           {"owner", run.owner()},
           {"visibility",
            absl::StrCat(VisibilityText(run.visibility()), IsPrivate(run) ? " (its owner and admins see it)" : "")},
           {"note", NoteOf(run)},
           {"labels", LabelsText(run.labels(), /*but=*/kNoteLabel)},
           {"sweep", run.sweep().empty() ? "" : IdOf(run.sweep())},
           {"created", StampText(run.has_create_time(), run.create_time())},
           {"started", StampText(run.has_start_time(), run.start_time())},
           {"ended", StampText(run.has_end_time(), run.end_time())},
           {"took", Took(run, now)},
           {"deleted", StampText(run.has_delete_time(), run.delete_time())},
           {"attempt", run.attempt() > 0 ? absl::StrCat(run.attempt(), ", segment ", run.segment()) : ""},
           {"job", run.job()}}),
      "\nspec\n", DescribeSpec(run), SegmentsText(run, session.width()), PredictionText(run),
      next.empty() ? "" : absl::StrCat("\nnext  ", next, "\n"));
  document.wide = document.table;
  return document;
}

}  // namespace sumscope::client

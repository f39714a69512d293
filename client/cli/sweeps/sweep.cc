// sumscope sweep: queues runs that differ in seeds or other fields, and follows them with --watch.
#include <memory>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/cli/arguments/command.h"
#include "client/cli/arguments/jobs.h"
#include "client/cli/arguments/names.h"
#include "client/cli/asking/then.h"
#include "client/cli/asking/watch_sweep.h"
#include "client/cli/output/numbers.h"
#include "client/cli/output/queue/sweep_view.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/models/sweep_members.h"
#include "proto/contract/names/resource_names.h"
#include "proto/contract/text/quote.h"

namespace sumscope::client {
namespace {

struct SweepOptions {
  std::string model, seeds, then, priority;
  std::vector<std::string> settings, labels;
  uint64_t max_parallel = 0, max_fails = 0;
  bool watch = false, dry_run = false, is_private = false;
};

// "d_model=96,128,format=plain" as fields with their values: a part with a '=' begins the next field.
absl::StatusOr<std::vector<std::pair<std::string, std::string>>> SplitSettings(const std::vector<std::string>& texts) {
  std::vector<std::pair<std::string, std::string>> fields;
  for (const std::string& text : texts) {
    bool begun = false;
    for (const absl::string_view part : absl::StrSplit(text, ',')) {
      if (absl::StrContains(part, '=')) {
        fields.push_back(absl::StrSplit(part, absl::MaxSplits('=', 1)));
        begun = true;
      } else if (begun) {
        absl::StrAppend(&fields.back().second, ",", part);
      } else {
        return InvalidField("SETTING_INVALID", "spec",
                            absl::StrCat("--set takes FIELD=VALUE[,VALUE..], not ", Quote(text)));
      }
    }
  }
  return fields;
}

// What has one value is the base's, what has several makes the members.
absl::Status AddFields(const SweepOptions& options, v1::CreateSweepRequest* request) {
  SUMSCOPE_ASSIGN_OR_RETURN(auto fields, SplitSettings(options.settings));
  if (!options.seeds.empty()) fields.emplace_back("seed", options.seeds);
  std::set<std::string> seen;
  for (const auto& [field, text] : fields) {
    if (!seen.insert(field).second) {
      return InvalidField(
          "FIELD_TWICE", "fields",
          absl::StrCat(field, " is given twice", field == "seed" ? ": by --seeds and --set, or by --set" : "",
                       "; give all of its values at once"));
    }
    SUMSCOPE_ASSIGN_OR_RETURN(const std::vector<std::string> values, ParseSweepValues(field, text));
    // Of seeds also a single one: it is what the sweep is over.
    if (values.size() == 1 && !(field == "seed" && !options.seeds.empty())) {
      SUMSCOPE_RETURN_IF_ERROR(ApplySettings({absl::StrCat(field, "=", text)}, request->mutable_spec()));
      continue;
    }
    v1::SweepField* const added = request->add_fields();
    added->set_field(field);
    for (const std::string& value : values) added->add_values(value);
  }
  if (request->fields().empty()) {
    return InvalidField(
        "SWEEP_EMPTY", "fields",
        "say in what the runs differ: --seeds 1..8, or a field with several values, --set d_model=96,128");
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::CreateSweepRequest> MakeSweepRequest(const SweepOptions& options) {
  if (options.dry_run && options.watch) {
    return InvalidField("USAGE", "", "--dry-run trains nothing that --watch could follow");
  }
  v1::CreateSweepRequest request;
  request.set_model_name(options.model);
  request.set_validate_only(options.dry_run);
  SUMSCOPE_RETURN_IF_ERROR(AddFields(options, &request));
  SUMSCOPE_ASSIGN_OR_RETURN(const std::vector<v1::AnalysisRequest> then, ParseThen(options.then));
  for (const v1::AnalysisRequest& analysis : then) *request.add_then()->mutable_request() = analysis;
  request.set_max_parallel(static_cast<uint32_t>(options.max_parallel));
  request.set_max_fails(static_cast<uint32_t>(options.max_fails));
  SUMSCOPE_ASSIGN_OR_RETURN(const auto labels, ParseLabels(options.labels));
  request.mutable_labels()->insert(labels.begin(), labels.end());
  if (options.is_private) request.set_visibility(v1::PRIVATE);
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Priority priority, ParsePriority(options.priority));
  request.set_priority(priority);
  return request;
}

// The first members of a sweep that there would be, a line each.
std::string MembersOf(const v1::Sweep& sweep) {
  constexpr size_t kShown = 10;
  const absl::StatusOr<std::vector<SweepMember>> members = SweepMembers(sweep.spec(), sweep.fields());
  if (!members.ok()) return "";  // the server took it, and knows better
  std::string text = "\nmembers\n";
  for (size_t i = 0; i < members->size() && i < kShown; ++i) absl::StrAppend(&text, (*members)[i].text, "\n");
  if (members->size() > kShown) absl::StrAppend(&text, "and ", FormatCount(members->size() - kShown), " more\n");
  return text;
}

absl::Status PrintDryRun(Session& session, const v1::Sweep& sweep) {
  Document document = ShowSweepInFull(session, sweep, session.clock().Now());
  constexpr char kNothing[] = "Nothing was queued: this was a dry run.";
  const bool for_people = session.format() == Format::kTable || session.format() == Format::kWide;
  for (std::string* text : {&document.table, &document.wide}) {
    absl::StrAppend(text, MembersOf(sweep), "\n", kNothing, "\n");
  }
  SUMSCOPE_RETURN_IF_ERROR(session.Print(document));
  if (!for_people) session.Note(kNothing);
  return absl::OkStatus();
}

absl::StatusOr<ExitCode> Sweep(const SweepOptions& options, Session& session) {
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::CreateSweepRequest request, MakeSweepRequest(options));
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  SUMSCOPE_ASSIGN_OR_RETURN(v1::Sweep sweep, connection->Call(request));
  if (options.dry_run) {
    sweep.clear_name();  // there is none to watch or to cancel
    SUMSCOPE_RETURN_IF_ERROR(PrintDryRun(session, sweep));
    return ExitCode::kDone;
  }
  if (options.watch) return WatchSweepToEnd(session, *connection, sweep.name());
  SUMSCOPE_RETURN_IF_ERROR(session.Print(ShowSweep(session, sweep, session.clock().Now())));
  session.Note(absl::StrCat("Follow it with: sumscope sweeps watch ", IdOf(sweep.name())));
  return ExitCode::kDone;
}

}  // namespace

void AddSweep(Registry* registry, Command root) {
  constexpr uint64_t kMost = limits::kMaxSweepRuns;
  const auto options = std::make_shared<SweepOptions>();
  const Command command = registry->Add(root, "sweep", "Queue trainings that differ in seeds or other fields");
  command.Add("MODEL", &options->model, "model name that all begin with, as of train; may be left out");
  command.Add("--seeds", &options->seeds, "a run for each: 1..8, 1,5,9, or both").type_name("SEEDS");
  command
      .AddRepeated("--set", &options->settings,
                   "a spec field; with several values a run for each, with all combinations where fields are several")
      .type_name("FIELD=VALUE[,..]");
  command.Add("--then", &options->then, "ask these of each run that succeeds: evaluate, useful-nodes, cascades, ..")
      .type_name("ANALYSIS[,..]");
  command.AddUnsigned("--max-parallel", &options->max_parallel, "train at most N of them at once; 0: no bound", kMost);
  command.AddUnsigned("--max-fails", &options->max_fails, "cancel the rest when N of them have failed; 0: never",
                      kMost);
  command.Add("--priority", &options->priority, kPriorityHelp).type_name("PRIORITY");
  command.AddRepeated("--label", &options->labels, "a label of every run; may be repeated").type_name("KEY=VALUE");
  command.AddFlag("--private", &options->is_private, "only you and admins see the sweep and its runs");
  command.AddFlag("--watch", &options->watch,
                  "follow the sweep; exits with its fate. Ctrl-C leaves, the sweep goes on");
  command.AddFlag("--dry-run", &options->dry_run,
                  "only check, and show the members with predicted memory, time and disk");
  registry->Run(command, [options](Session& session) { return Sweep(*options, session); });
}

}  // namespace sumscope::client

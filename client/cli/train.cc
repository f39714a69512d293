// sumscope train: queues a training, and follows it with --watch.
#include <memory>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "client/cli/arguments/command.h"
#include "client/cli/arguments/jobs.h"
#include "client/cli/arguments/names.h"
#include "client/cli/arguments/users.h"
#include "client/cli/asking/ask_analysis.h"
#include "client/cli/asking/then.h"
#include "client/cli/asking/watch.h"
#include "client/cli/output/numbers.h"
#include "client/cli/output/probes/analysis_view.h"
#include "client/cli/output/runs/run_view.h"
#include "proto/contract/analyses/kinds/kinds.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"

namespace sumscope::client {
namespace {

struct TrainOptions {
  std::string model, run_id, then, priority;
  std::vector<std::string> settings, labels, after;
  bool watch = false, dry_run = false, is_private = false;
};

absl::StatusOr<v1::CreateRunRequest> MakeRunRequest(const TrainOptions& options) {
  const auto usage = [](absl::string_view message) { return InvalidField("USAGE", "", message); };
  if (options.model.empty() && options.settings.empty()) {
    return usage("say what to train: a model name like add_d5_l1_h3_t15K_s372001, or fields with --set");
  }
  SUMSCOPE_RETURN_IF_ERROR(ParseThen(options.then).status());
  if (options.dry_run && options.watch) return usage("--dry-run trains nothing that --watch could follow");
  v1::CreateRunRequest request;
  request.set_model_name(options.model);
  request.set_run_id(options.run_id);
  request.set_validate_only(options.dry_run);
  if (options.is_private) request.set_visibility(v1::PRIVATE);
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Priority priority, ParsePriority(options.priority));
  request.set_priority(priority);
  for (const std::string& run : options.after) {
    SUMSCOPE_ASSIGN_OR_RETURN(*request.add_after(), RunNameOf(run));
  }
  SUMSCOPE_RETURN_IF_ERROR(ApplySettings(options.settings, request.mutable_spec()));
  SUMSCOPE_ASSIGN_OR_RETURN(const auto labels, ParseLabels(options.labels));
  request.mutable_labels()->insert(labels.begin(), labels.end());
  return request;
}

// The run is there also where it could not be printed: what says so names it.
absl::Status NameQueued(const absl::Status& printed, const std::string& id) {
  if (printed.ok()) return printed;
  absl::Status named(printed.code(), absl::StrCat(printed.message(), "; the run ", id, " is queued"));
  printed.ForEachPayload(
      [&named](absl::string_view url, const absl::Cord& payload) { named.SetPayload(url, payload); });
  return named;
}

// Orders what --then says: the server makes it wait for the run. The names of what was ordered; where one is refused
// the rest is not ordered, and said so.
absl::StatusOr<std::vector<std::string>> OrderEach(Session& session, Connection& connection, const std::string& name,
                                                   const std::vector<v1::AnalysisRequest>& analyses) {
  std::vector<std::string> names;
  for (size_t i = 0; i < analyses.size(); ++i) {
    v1::CreateAnalysisRequest order;
    order.set_parent(name);
    *order.mutable_request() = analyses[i];
    const absl::StatusOr<v1::CreateAnalysisResponse> made = connection.Call(order);
    if (!made.ok()) {
      std::vector<std::string> kinds;
      for (size_t j = i; j < analyses.size(); ++j) {
        kinds.push_back(absl::StrReplaceAll(KindOf(analyses[j]).name(), {{"_", "-"}}));
      }
      session.Note(absl::StrCat("The run ", RunIdOf(name), " is queued. Not ordered: ", absl::StrJoin(kinds, ", "),
                                ". Order it with:"));
      for (const std::string& kind : kinds) session.Note(absl::StrCat("sumscope probe ", RunIdOf(name), " ", kind));
      return made.status();
    }
    names.push_back(made->analysis().name());
  }
  return names;
}

// What was ordered goes on by itself.
void TellOfOrders(Session& session, const std::vector<std::string>& names) {
  if (names.empty()) return;
  session.Note("Once the run has succeeded these are answered; read them with:");
  for (const std::string& name : names) session.Note(absl::StrCat("sumscope analyses show ", ShortNameOf(name)));
}

// Waits for the answers and prints them one after the other; the first that failed decides the exit code.
absl::StatusOr<ExitCode> PrintOrders(Session& session, Connection& connection, const std::vector<std::string>& names) {
  ExitCode fate = ExitCode::kDone;
  for (const std::string& name : names) {
    SUMSCOPE_ASSIGN_OR_RETURN(const v1::Analysis analysis, WatchAnalysisToEnd(session, connection, name));
    SUMSCOPE_ASSIGN_OR_RETURN(const v1::TrainSpec spec, SpecForView(session, analysis));
    SUMSCOPE_RETURN_IF_ERROR(session.Print(ShowAnalysis(session, analysis, spec, /*from_cache=*/false)));
    if (fate == ExitCode::kDone) fate = FateOf(analysis.state());
  }
  return fate;
}

absl::StatusOr<ExitCode> Train(const TrainOptions& options, Session& session) {
  SUMSCOPE_ASSIGN_OR_RETURN(v1::CreateRunRequest request, MakeRunRequest(options));
  SUMSCOPE_ASSIGN_OR_RETURN(const std::vector<v1::AnalysisRequest> analyses, ParseThen(options.then));
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  for (std::string& run : *request.mutable_after()) {  // a prefix or @last
    SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run found, connection->GetRun(run));
    run = found.name();
  }
  SUMSCOPE_ASSIGN_OR_RETURN(v1::Run run, connection->Call(request));
  if (options.dry_run) {
    run.clear_name();  // there is none to watch or to cancel
    Document document = ShowRunInFull(session, run, {}, session.clock().Now());
    const bool for_people = session.format() == Format::kTable || session.format() == Format::kWide;
    constexpr char kNothingQueued[] = "Nothing was queued: this was a dry run.";
    for (std::string* text : {&document.table, &document.wide}) absl::StrAppend(text, "\n", kNothingQueued, "\n");
    SUMSCOPE_RETURN_IF_ERROR(session.Print(document));
    if (!for_people) session.Note(kNothingQueued);
    if (run.prediction().disk_bytes() > run.prediction().free_disk_bytes()) {
      session.Note(absl::StrCat("It needs ", FormatBytes(run.prediction().disk_bytes()), " of disk, and ",
                                FormatBytes(run.prediction().free_disk_bytes()),
                                " are free: it would wait for room in the middle of its training."));
    }
    return ExitCode::kDone;
  }
  SUMSCOPE_ASSIGN_OR_RETURN(const std::vector<std::string> orders,
                            OrderEach(session, *connection, run.name(), analyses));
  if (!options.watch) {
    SUMSCOPE_RETURN_IF_ERROR(
        NameQueued(session.Print(ShowRun(session, run, session.clock().Now())), RunIdOf(run.name())));
    TellOfOrders(session, orders);
    session.Note(absl::StrCat("Follow it with: sumscope runs watch ", RunIdOf(run.name())));
    return ExitCode::kDone;
  }
  const std::string name = run.name();
  absl::StatusOr<v1::Run> watched = WatchRunToEnd(session, *connection, name);
  if (!watched.ok()) {
    TellOfOrders(session, orders);
    return watched.status();
  }
  run = *std::move(watched);
  if (orders.empty() || run.state() != v1::SUCCEEDED) {
    SUMSCOPE_RETURN_IF_ERROR(session.Print(ShowRun(session, run, session.clock().Now())));
    if (!orders.empty()) session.Note("What was to follow is not answered: it ends with the run, DEPENDENCY_FAILED.");
    return FateOf(run.state());
  }
  return PrintOrders(session, *connection, orders);
}

}  // namespace

void AddTrain(Registry* registry, Command root) {
  const auto options = std::make_shared<TrainOptions>();
  const Command command = registry->Add(root, "train", "Queue the training of a model");
  command.Add("MODEL", &options->model,
              "model name, [add|sub|mul|mix|mas]_d{digits}_l{layers}_h{heads}_t{thousand steps}K_s{seed}; _t and "
              "_s may be left "
              "out");
  command.AddRepeated("--set", &options->settings, "spec fields that the name does not say, or that override it")
      .type_name("FIELD=VALUE[,..]");
  command.AddRepeated("--label", &options->labels, "a label to find the run by; may be repeated")
      .type_name("KEY=VALUE");
  command.Add("--run-id", &options->run_id, "the run's id (default: a random one)").type_name("ID");
  command
      .AddRepeated("--after", &options->after, "start when this run has succeeded, and fail with it; may be repeated")
      .type_name("RUN");
  command.Add("--priority", &options->priority, kPriorityHelp).type_name("PRIORITY");
  command.AddFlag("--private", &options->is_private, kPrivateHelp);
  command.AddFlag("--watch", &options->watch, "follow the run; exits with its fate. Ctrl-C leaves, the run goes on");
  command.Add("--then", &options->then, "ask these once the run has succeeded: evaluate, useful-nodes, cascades, ..")
      .type_name("ANALYSIS[,..]");
  command.AddFlag("--dry-run", &options->dry_run,
                  "only check, and show the whole spec with predicted memory, time and disk");
  registry->Run(command, [options](Session& session) { return Train(*options, session); });
}

}  // namespace sumscope::client

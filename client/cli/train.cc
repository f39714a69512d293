// sumscope train: queues a training, and follows it with --watch.
#include <memory>
#include <set>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "client/cli/arguments/command.h"
#include "client/cli/arguments/names.h"
#include "client/cli/arguments/users.h"
#include "client/cli/asking/ask_analysis.h"
#include "client/cli/asking/watch.h"
#include "client/cli/output/numbers.h"
#include "client/cli/output/runs/run_view.h"
#include "client/cli/probe/probes.h"
#include "proto/contract/analyses/kinds/kinds.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/text/quote.h"

namespace sumscope::client {
namespace {

struct TrainOptions {
  std::string model, run_id, then;
  std::vector<std::string> settings, labels;
  bool watch = false, dry_run = false, is_private = false;
};

// The analyses of --then, all of which need no options.
absl::StatusOr<std::vector<v1::AnalysisRequest>> ParseThen(const std::string& then) {
  std::set<std::string> known;
  for (const Probe* const probe : AllProbes()) {
    if (probe->follows_training()) known.insert(std::string(probe->name()));
  }
  std::vector<v1::AnalysisRequest> requests;
  for (const absl::string_view name : absl::StrSplit(then, ',', absl::SkipEmpty())) {
    const std::string kind = absl::StrReplaceAll(name, {{"-", "_"}});
    if (known.count(kind) == 0) {
      return InvalidField("USAGE", "then",
                          absl::StrCat("--then knows ", absl::StrReplaceAll(absl::StrJoin(known, ", "), {{"_", "-"}}),
                                       ", not ", Quote(name)));
    }
    v1::AnalysisRequest& request = requests.emplace_back();
    request.GetReflection()->MutableMessage(&request, request.GetDescriptor()->FindFieldByName(kind));
  }
  return requests;
}

absl::StatusOr<v1::CreateRunRequest> MakeRunRequest(const TrainOptions& options) {
  const auto usage = [](absl::string_view message) { return InvalidField("USAGE", "", message); };
  if (options.model.empty() && options.settings.empty()) {
    return usage("say what to train: a model name like add_d5_l1_h3_t15K_s372001, or fields with --set");
  }
  SUMSCOPE_RETURN_IF_ERROR(ParseThen(options.then).status());
  if (!options.then.empty() && !options.watch) return usage("--then needs --watch");
  if (options.dry_run && options.watch) return usage("--dry-run trains nothing that --watch could follow");
  v1::CreateRunRequest request;
  request.set_model_name(options.model);
  request.set_run_id(options.run_id);
  request.set_validate_only(options.dry_run);
  if (options.is_private) request.set_visibility(v1::PRIVATE);
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

// Nobody asks what --then says once the watch is over: says so, and how to.
void TellOfUnasked(Session& session, const std::string& name, const std::vector<v1::AnalysisRequest>& analyses,
                   size_t first) {
  std::vector<std::string> kinds;
  for (size_t i = first; i < analyses.size(); ++i)
    kinds.push_back(absl::StrReplaceAll(KindOf(analyses[i]).name(), {{"_", "-"}}));
  if (kinds.empty()) return;
  session.Note(absl::StrCat("Not asked: ", absl::StrJoin(kinds, ", "), ". Once the run has succeeded ask with:"));
  for (const std::string& kind : kinds) session.Note(absl::StrCat("sumscope probe ", RunIdOf(name), " ", kind));
}

// One after the other; the first that failed decides the exit code.
absl::StatusOr<ExitCode> AskEach(Session& session, const std::string& name,
                                 const std::vector<v1::AnalysisRequest>& analyses) {
  ExitCode fate = ExitCode::kDone;
  for (size_t i = 0; i < analyses.size(); ++i) {
    v1::CreateAnalysisRequest question;
    question.set_parent(name);
    *question.mutable_request() = analyses[i];
    const absl::StatusOr<ExitCode> code = AskAnalysis(session, std::move(question), Ask::kWait);
    if (!code.ok()) {
      TellOfUnasked(session, name, analyses, i + 1);
      return code.status();
    }
    if (fate == ExitCode::kDone) fate = *code;
  }
  return fate;
}

absl::StatusOr<ExitCode> Train(const TrainOptions& options, Session& session) {
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::CreateRunRequest request, MakeRunRequest(options));
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
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
  if (!options.watch) {
    SUMSCOPE_RETURN_IF_ERROR(
        NameQueued(session.Print(ShowRun(session, run, session.clock().Now())), RunIdOf(run.name())));
    session.Note(absl::StrCat("Follow it with: sumscope runs watch ", RunIdOf(run.name())));
    return ExitCode::kDone;
  }
  SUMSCOPE_ASSIGN_OR_RETURN(const std::vector<v1::AnalysisRequest> analyses, ParseThen(options.then));
  const std::string name = run.name();
  absl::StatusOr<v1::Run> watched = WatchRunToEnd(session, *connection, name);
  if (!watched.ok()) {
    TellOfUnasked(session, name, analyses, 0);
    return watched.status();
  }
  run = *std::move(watched);
  if (options.then.empty() || run.state() != v1::SUCCEEDED) {
    SUMSCOPE_RETURN_IF_ERROR(session.Print(ShowRun(session, run, session.clock().Now())));
    TellOfUnasked(session, name, analyses, 0);
    return FateOf(run.state());
  }
  return AskEach(session, name, analyses);
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
  command.AddFlag("--private", &options->is_private, kPrivateHelp);
  command.AddFlag("--watch", &options->watch, "follow the run; exits with its fate. Ctrl-C leaves, the run goes on");
  command
      .Add("--then", &options->then,
           "ask these when the watched run has succeeded: evaluate, useful-nodes, cascades, ..")
      .type_name("ANALYSIS[,..]");
  command.AddFlag("--dry-run", &options->dry_run,
                  "only check, and show the whole spec with predicted memory, time and disk");
  registry->Run(command, [options](Session& session) { return Train(*options, session); });
}

}  // namespace sumscope::client

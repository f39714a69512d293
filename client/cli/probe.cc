// sumscope probe RUN[@STEP] ANALYSIS: what its members share; each member is a kind of analysis in a file of probe/.
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "client/cli/arguments/jobs.h"
#include "client/cli/arguments/names.h"
#include "client/cli/asking/across.h"
#include "client/cli/asking/ask_analysis.h"
#include "client/cli/asking/question_options.h"
#include "client/cli/probe/probes.h"
#include "proto/contract/analyses/kinds/kinds.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/names/resource_names.h"

namespace sumscope::client {
namespace {

// Whom to ask.
struct Target {
  std::string run, runs, sweep;  // one checkpoint, a filter of runs, or those of a sweep
  std::optional<CommandOption> runs_option, sweep_option;
};

// Options of every member.
struct Shared {
  QuestionOptions questions;
  bool wait = false, dry_run = false, yes = false;
};

bool TakesQuestions(const Probe& probe) {
  return FindKind(probe.name())->Rules({}, {}).takes != QuestionRules::Takes::kNothing;
}

// What takes the runs of the sweep that the user named.
absl::StatusOr<std::string> FilterOfSweep(Session& session, const std::string& argument) {
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string name, SweepNameOf(argument));
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Sweep sweep, connection->GetSweep(name));
  return absl::StrCat("sweep = \"", IdOf(sweep.name()), "\"");
}

void AddMember(Registry* registry, Command family, const std::shared_ptr<Target>& target, const Probe& probe) {
  const std::string name = absl::StrReplaceAll(probe.name(), {{"_", "-"}});
  const auto shared = std::make_shared<Shared>();
  const Command command = registry->Add(family, name, probe.description());
  if (TakesQuestions(probe)) AddQuestionOptions(command, &shared->questions);
  command.AddFlag("--wait", &shared->wait, "wait for the result; Ctrl-C leaves, the analysis goes on");
  command.AddFlag("--dry-run", &shared->dry_run, "only check, and show what it would need: questions, memory, time");
  command.AddFlag("--yes", &shared->yes, "do not ask first, however long it takes");
  const auto handler = [name, shared, target,
                        fill = probe.AddOptions(command)](Session& session) -> absl::StatusOr<ExitCode> {
    const bool of_sweep = target->sweep_option->given();
    const bool many = target->runs_option->given() || of_sweep;
    if (of_sweep && target->runs_option->given()) {
      return InvalidField("USAGE", "run", "give --runs FILTER or --sweep SWEEP, not both");
    }
    if (many == !target->run.empty()) {
      return InvalidField("USAGE", "run",
                          many
                              ? std::string("give a run, or many with --runs FILTER or --sweep SWEEP, not both")
                              : absl::StrCat("say which model: sumscope probe RUN[@STEP] ", name,
                                             ", with a run id, a prefix of one or @last; or many with --runs FILTER or "
                                             "--sweep SWEEP"));
    }
    if (many && !of_sweep && absl::StripAsciiWhitespace(target->runs).empty()) {
      return InvalidField("USAGE", "runs",
                          "--runs \"\" would ask every run there is; say which: --runs \"state = SUCCEEDED\" takes all "
                          "that are trained");
    }
    if (of_sweep) SUMSCOPE_RETURN_IF_ERROR(SweepNameOf(target->sweep).status());
    v1::CreateAnalysisRequest request;
    SUMSCOPE_RETURN_IF_ERROR(fill(request.mutable_request()));
    SUMSCOPE_ASSIGN_OR_RETURN(*request.mutable_question_set(), MakeQuestionSet(session, shared->questions));
    std::string filter = target->runs;
    if (of_sweep) {
      SUMSCOPE_ASSIGN_OR_RETURN(filter, FilterOfSweep(session, target->sweep));
    }
    if (many) return AskAcrossRuns(session, filter, std::move(request), shared->dry_run, shared->yes);
    SUMSCOPE_ASSIGN_OR_RETURN(const CheckpointArgument checkpoint, CheckpointNameOf(target->run));
    request.set_parent(checkpoint.last ? checkpoint.run : checkpoint.checkpoint);
    return AskAnalysis(session, std::move(request),
                       shared->dry_run ? Ask::kDryRun
                       : shared->wait  ? Ask::kWait
                                       : Ask::kQueue,
                       shared->questions, shared->yes);
  };
  registry->Run(command, handler);
}

}  // namespace

void AddProbe(Registry* registry, Command root) {
  const auto target = std::make_shared<Target>();  // shared with the handlers, which outlive this call
  const Command family = registry->AddFamily(root, "probe", "Ask a model's checkpoint a question about itself");
  // Not required, so that an analysis' name is never taken for a run: the handler says what is missing.
  AddCheckpointArgument(family, &target->run);
  target->runs_option = family
                            .Add("--runs", &target->runs,
                                 "instead of RUN: the last checkpoints of all runs that this filter takes, like "
                                 "'labels.study = \"seeds\"'; waits, and prints mean, spread and \"k of m\"")
                            .type_name("FILTER");
  target->sweep_option = family
                             .Add("--sweep", &target->sweep,
                                  "instead of RUN: all runs of this sweep, as --runs; waits for those that still train")
                             .type_name("SWEEP");
  for (const Probe* const probe : AllProbes()) {
    if (!probe->description().empty()) AddMember(registry, family, target, *probe);
  }
}

}  // namespace sumscope::client

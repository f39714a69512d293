#include "client/cli/probe/probe_family.h"

#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/cli/arguments/names.h"
#include "client/cli/asking/across.h"
#include "client/cli/asking/ask_analysis.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"

namespace sumscope::client {

// Whom to ask.
struct ProbeFamily::Target {
  std::string run, runs;  // one checkpoint, or a filter of runs
  std::optional<CommandOption> runs_option;
};

namespace {

struct Shared {
  QuestionOptions questions;
  bool wait = false, dry_run = false, yes = false;
};

}  // namespace

ProbeFamily::ProbeFamily(Registry* registry, Command root)
    : registry_(registry),
      command_(registry->AddFamily(root, "probe", "Ask a model's checkpoint a question about itself")),
      target_(std::make_shared<Target>()) {
  // Not required, so that an analysis' name is never taken for a run: the handler says what is missing.
  AddCheckpointArgument(command_, &target_->run);
  target_->runs_option = command_
                             .Add("--runs", &target_->runs,
                                  "instead of RUN: the last checkpoints of all runs that this filter takes, like "
                                  "'labels.study = \"seeds\"'; waits, and prints mean, spread and \"k of m\"")
                             .type_name("FILTER");
}

Command ProbeFamily::Add(const std::string& name, const std::string& description, Questions questions, Fill fill) {
  const auto shared = std::make_shared<Shared>();
  const Command command = registry_->Add(command_, name, description);
  if (questions == Questions::kTaken) AddQuestionOptions(command, &shared->questions);
  command.AddFlag("--wait", &shared->wait, "wait for the result; Ctrl-C leaves, the analysis goes on");
  command.AddFlag("--dry-run", &shared->dry_run, "only check, and show what it would need: questions, memory, time");
  command.AddFlag("--yes", &shared->yes, "do not ask first, however long it takes");
  const auto handler = [name, shared, target = target_,
                        fill = std::move(fill)](Session& session) -> absl::StatusOr<ExitCode> {
    const bool many = target->runs_option->given();
    if (many == !target->run.empty()) {
      return InvalidField("USAGE", "run",
                          many ? std::string("give a run or --runs FILTER, not both")
                               : absl::StrCat("say which model: sumscope probe RUN[@STEP] ", name,
                                              ", with a run id, a prefix of one or @last; or many with --runs FILTER"));
    }
    if (many && absl::StripAsciiWhitespace(target->runs).empty()) {
      return InvalidField("USAGE", "runs",
                          "--runs \"\" would ask every run there is; say which: --runs \"state = SUCCEEDED\" takes all "
                          "that are trained");
    }
    v1::CreateAnalysisRequest request;
    SUMSCOPE_RETURN_IF_ERROR(fill(request.mutable_request()));
    SUMSCOPE_ASSIGN_OR_RETURN(*request.mutable_question_set(), MakeQuestionSet(session, shared->questions));
    if (many) return AskAcrossRuns(session, target->runs, std::move(request), shared->dry_run, shared->yes);
    SUMSCOPE_ASSIGN_OR_RETURN(const CheckpointArgument checkpoint, CheckpointNameOf(target->run));
    request.set_parent(checkpoint.last ? checkpoint.run : checkpoint.checkpoint);
    return AskAnalysis(session, std::move(request),
                       shared->dry_run ? Ask::kDryRun
                       : shared->wait  ? Ask::kWait
                                       : Ask::kQueue,
                       shared->questions, shared->yes);
  };
  registry_->Run(command, handler);
  return command;
}

void AddProbe(Registry* registry, Command root) {
  ProbeFamily family(registry, root);
  for (const auto add : {AddEvaluate, AddAttention, AddAblate, AddUsefulNodes, AddPatch, AddSubtasks, AddPca,
                         AddLinearProbe, AddAttribution, AddPhases, AddCascades, AddAlgorithm}) {
    add(&family);
  }
}

}  // namespace sumscope::client

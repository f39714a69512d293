// sumscope ask RUN[@STEP] 12345+67890: one question, answered now.
#include <memory>

#include "client/cli/arguments/names.h"
#include "client/cli/arguments/node_options.h"
#include "client/cli/asking/ask_analysis.h"
#include "client/cli/asking/question_options.h"
#include "client/questions/question_text.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"

namespace sumscope::client {
namespace {

struct AskOptions {
  std::string run, question, mode, patch_from;
  std::vector<std::string> ablate, patch_nodes;
  bool generate = false, dry_run = false;
};

absl::StatusOr<ExitCode> AskQuestion(const AskOptions& options, Session& session) {
  if (options.patch_from.empty() != options.patch_nodes.empty()) {
    return InvalidField("USAGE", "patch_from", "--patch-from QUESTION and --nodes SET go together");
  }
  if (!options.mode.empty() && options.ablate.empty()) {
    return InvalidField("USAGE", "mode", "--mode says how --ablate SET ablates: give both");
  }
  SUMSCOPE_ASSIGN_OR_RETURN(const CheckpointArgument checkpoint, CheckpointNameOf(options.run));
  if (const std::string wrong = WrongAnswerOf(options.question); !wrong.empty()) {
    return InvalidField("ANSWER_WRONG", "question", wrong);
  }
  v1::CreateAnalysisRequest request;
  request.set_parent(checkpoint.last ? checkpoint.run : checkpoint.checkpoint);
  request.mutable_question_set()->mutable_list()->add_questions(
      QuestionOf(options.question).value_or(options.question));
  v1::AskRequest* const ask = request.mutable_request()->mutable_ask();
  for (const std::string& nodes : options.ablate) ask->add_ablate(nodes);
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::AblationMode mode, ParseAblationMode(options.mode));
  if (mode != v1::ABLATION_MODE_UNSPECIFIED) ask->set_mode(mode);
  ask->set_patch_from(QuestionOf(options.patch_from).value_or(options.patch_from));
  for (const std::string& nodes : options.patch_nodes) ask->add_patch_nodes(nodes);
  if (options.generate) ask->set_generate(true);
  return AskAnalysis(session, std::move(request), options.dry_run ? Ask::kDryRun : Ask::kWait);
}

}  // namespace

void AddAsk(Registry* registry, Command root) {
  const auto options = std::make_shared<AskOptions>();
  const Command command = registry->Add(root, "ask", "Ask a model one question, with and without an intervention");
  AddCheckpointArgument(command, &options->run).required();
  command.Add("QUESTION", &options->question, "12345+67890").required();
  command.AddRepeated("--ablate", &options->ablate, "a node set; all that are given are ablated together")
      .type_name("SET");
  command.Add("--mode", &options->mode, "of the ablation: mean (default), zero or resample");
  command.Add("--patch-from", &options->patch_from, "a question whose activations are written in at --nodes")
      .type_name("QUESTION");
  AddNodeSets(command, &options->patch_nodes, "a node set that --patch-from patches; may be repeated");
  command.AddFlag("--generate", &options->generate, "also let it write its answer token by token");
  command.AddFlag("--dry-run", &options->dry_run, "only check, and show what it would need");
  registry->Run(command, [options](Session& session) { return AskQuestion(*options, session); });
}

}  // namespace sumscope::client

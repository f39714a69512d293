// sumscope probe RUN[@STEP] evaluate: how often the model is right, and where it is wrong.
#include <limits>
#include <memory>

#include "client/cli/ask_analysis.h"
#include "client/cli/command.h"
#include "client/cli/names.h"
#include "client/question_sets.h"
#include "proto/contract/base/status_macros.h"

namespace sumscope::client {
namespace {

struct Options {
  std::string run, questions, operation;
  uint64_t seed = 0;
  uint64_t worst = 0;
  bool generate = false, wait = false;
  CLI::Option *seed_option = nullptr, *worst_option = nullptr;
};

absl::StatusOr<ExitCode> Evaluate(const Options& options, Session& session) {
  v1::CreateAnalysisRequest request;
  SUMSCOPE_ASSIGN_OR_RETURN(const CheckpointArgument checkpoint, CheckpointNameOf(options.run));
  request.set_parent(checkpoint.last ? checkpoint.run : checkpoint.checkpoint);
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Operation operation, ParseOperation(options.operation));
  if (!options.questions.empty()) {
    SUMSCOPE_ASSIGN_OR_RETURN(*request.mutable_question_set(), ParseQuestionSet(options.questions, operation));
  }
  v1::QuestionSet* const questions = request.mutable_question_set();
  if (operation != v1::OPERATION_UNSPECIFIED) questions->set_operation(operation);
  if (options.seed_option->count() > 0) questions->set_seed(options.seed);
  v1::EvaluateRequest* const evaluate = request.mutable_request()->mutable_evaluate();
  if (options.generate) evaluate->set_generate(true);
  if (options.worst_option->count() > 0) evaluate->set_worst_count(static_cast<uint32_t>(options.worst));
  return AskAnalysis(session, request, options.wait);
}

}  // namespace

void AddProbe(Registry* registry, CLI::App* root) {
  const auto options = std::make_shared<Options>();
  CLI::App* const probe = registry->AddFamily(root, "probe", "Ask a model's checkpoint a question about itself");
  probe->add_option("RUN[@STEP]", options->run, "run id, prefix or @last, and which checkpoint (default: the last)")
      ->required();
  CLI::App* const app = registry->Add(probe, "evaluate", "How often it is right: per digit, class, cell and cascade");
  app->add_option("--questions", options->questions,
                  "uniform:10000 (default), class:S3:150, stratified:100 (per class), file:PATH or file:PATH?set=NAME")
      ->type_name("SET");
  options->seed_option = AddUnsigned(app, "--question-seed", &options->seed, "seed of generated questions (default 0)");
  app->add_option("--operation", options->operation, "add or sub (default: the run's)");
  app->add_flag("--generate", options->generate,
                "let it write its answers token by token to all questions; to the first 10,000 it always does");
  options->worst_option =
      AddUnsigned(app, "--worst", &options->worst, "how many of the worst questions to list (default 20)",
                  std::numeric_limits<uint32_t>::max());
  app->add_flag("--wait", options->wait, "wait for the result; Ctrl-C leaves, the analysis goes on");
  registry->Run(app, [options](Session& session) { return Evaluate(*options, session); });
}

}  // namespace sumscope::client

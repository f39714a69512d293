#include "client/cli/asking/question_options.h"

#include "absl/strings/str_cat.h"
#include "client/question_sets.h"
#include "proto/contract/base/status_macros.h"

namespace sumscope::client {

void AddQuestionOptions(CLI::App* app, QuestionOptions* options) {
  const std::string group = "Questions";
  app->add_option("--questions", options->questions, kQuestionsHelp)->type_name("SET")->group(group);
  AddUnsigned(app, "--question-seed", &options->seed, "seed of generated questions (default 0)")->group(group);
  app->add_option("--operation", options->operation,
                  "add, sub, mul or mix: additions and subtractions in turn (default: the run's)")
      ->group(group);
}

absl::StatusOr<v1::QuestionSet> MakeQuestionSet(const QuestionOptions& options) {
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Operation operation, ParseOperation(options.operation));
  v1::QuestionSet questions;
  if (!options.questions.empty()) {
    SUMSCOPE_ASSIGN_OR_RETURN(questions, ParseQuestionSet(options.questions, operation));
  }
  if (operation != v1::OPERATION_UNSPECIFIED) questions.set_operation(operation);
  if (options.seed) questions.set_seed(*options.seed);
  return questions;
}

absl::Status UploadIfLong(Connection& connection, const std::string& parent, v1::QuestionSet* questions) {
  if (!NeedsUpload(*questions)) return absl::OkStatus();
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run run, connection.GetRun(absl::StrCat("runs/", RunIdOf(parent))));
  return UploadList(connection, run.spec().n_digits(), questions);
}

CLI::Option* AddNodeSets(CLI::App* app, std::vector<std::string>* nodes, const std::string& description) {
  return AddRepeated(app, "--nodes,--node", nodes, description)->type_name("SET");
}

void AddAblationOptions(CLI::App* app, AblationOptions* options) {
  app->add_option("--mode", options->mode,
                  "mean over the questions (default), zero, or resample: the value in another of the questions");
  AddUnsigned(app, "--seed", &options->seed, "of resampling (default 0)");
}

}  // namespace sumscope::client

#include "client/cli/asking/question_options.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "client/files/readable_file.h"
#include "client/questions/question_file.h"
#include "client/questions/question_sets.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/text/quote.h"

namespace sumscope::client {
namespace {

InputPatience PatienceOf(Session& session) { return {session.sleeper(), session.cancellation()}; }

}  // namespace

void AddQuestionOptions(Command command, QuestionOptions* options) {
  const std::string group = "Questions";
  command.Add("--questions", &options->questions, kQuestionsHelp).type_name("SET").group(group);
  command.AddUnsigned("--question-seed", &options->seed, "seed of generated questions (default 0)").group(group);
  command
      .Add("--operation", &options->operation,
           "add, sub, mul or mix: additions and subtractions in turn (default: the run's own, mix for one that "
           "knows both; of such a run add for pca and tricase:, the feature's for linear-probe)")
      .group(group);
}

absl::StatusOr<v1::QuestionSet> MakeQuestionSet(Session& session, const QuestionOptions& options) {
  const absl::StatusOr<v1::Operation> parsed = ParseOperation(options.operation);
  if (!parsed.ok() || *parsed == v1::MAS) {  // a run's, but no question's
    return InvalidField(
        "OPERATION_INVALID", "operation",
        absl::StrCat(Quote(options.operation), " is no operation of questions; expected add, sub, mul or mix. ",
                     "Of a mas run ask mix and mul apart"));
  }
  const v1::Operation operation = *parsed;
  v1::QuestionSet questions;
  if (!options.questions.empty()) {
    SUMSCOPE_ASSIGN_OR_RETURN(questions, ParseQuestionSet(options.questions, operation, PatienceOf(session)));
  }
  if (operation != v1::OPERATION_UNSPECIFIED) questions.set_operation(operation);
  if (options.seed) questions.set_seed(*options.seed);
  return questions;
}

absl::Status NameBadLine(Session& session, Connection& connection, const std::string& parent,
                         const QuestionOptions& options, const absl::Status& refused) {
  absl::string_view file = options.questions;
  const std::string reason = ErrorReason(refused);
  if (reason == "QUESTION_SET_NOT_FOUND") return ExplainMissingList(refused);
  const bool of_question =
      reason == "QUESTION_INVALID" || reason == "PRODUCT_TOO_LONG" || reason == "OPERATION_NOT_OF_RUN";
  if (!of_question || !absl::ConsumePrefix(&file, "file:")) return refused;
  const std::string path(file.substr(0, file.rfind('?')));
  if (path == "-" || !CheckReadable(path, Pipes::kRefused).ok()) return refused;
  const absl::StatusOr<v1::Run> run = connection.GetRun(absl::StrCat("runs/", RunIdOf(parent)));
  const absl::StatusOr<v1::Operation> operation = ParseOperation(options.operation);
  if (!run.ok() || !operation.ok()) return refused;
  const absl::Status found = ReadQuestionFile(file, *operation, PatienceOf(session), &run->spec()).status();
  return found.ok() ? refused : found;
}

absl::Status UploadIfLong(Connection& connection, const std::string& parent, v1::QuestionSet* questions) {
  if (!NeedsUpload(*questions)) return absl::OkStatus();
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run run, connection.GetRun(absl::StrCat("runs/", RunIdOf(parent))));
  return UploadList(connection, run.spec().n_digits(), questions);
}

}  // namespace sumscope::client

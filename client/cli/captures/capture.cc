// sumscope capture RUN[@STEP]: stores activations.
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "client/base/unsigned.h"
#include "client/cli/arguments/names.h"
#include "client/cli/asking/ask_analysis.h"
#include "client/cli/asking/question_options.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/text/quote.h"

namespace sumscope::client {
namespace {

struct CaptureOptions {
  std::string run, reduce;
  std::vector<std::string> hooks, positions;
  QuestionOptions questions;
  bool wait = false, dry_run = false, yes = false;
};

absl::Status FillReduction(const std::string& text, v1::CaptureRequest* capture) {
  absl::string_view rest = text;
  if (text.empty() || text == "none") return absl::OkStatus();
  if (text == "mean") {
    capture->set_reduction(v1::MEAN_OVER_QUESTIONS);
  } else if (text == "class-mean") {
    capture->set_reduction(v1::MEAN_PER_CLASS);
  } else if (text == "components") {
    capture->set_reduction(v1::COMPONENTS);
  } else if (absl::ConsumePrefix(&rest, "components:") && ParseUnsigned(rest, UINT32_MAX)) {
    capture->set_reduction(v1::COMPONENTS);
    capture->set_components(static_cast<uint32_t>(*ParseUnsigned(rest)));
  } else {
    return InvalidField("USAGE", "reduce",
                        absl::StrCat(Quote(text), " is no reduction; expected mean, class-mean or components:K"));
  }
  return absl::OkStatus();
}

absl::StatusOr<ExitCode> CaptureActivations(const CaptureOptions& options, Session& session) {
  SUMSCOPE_ASSIGN_OR_RETURN(const CheckpointArgument checkpoint, CheckpointNameOf(options.run));
  v1::CreateAnalysisRequest request;
  request.set_parent(checkpoint.last ? checkpoint.run : checkpoint.checkpoint);
  v1::CaptureRequest* const capture = request.mutable_request()->mutable_capture();
  for (const std::string& hook : options.hooks) capture->add_hooks(hook);
  for (const std::string& text : options.positions) {
    for (const absl::string_view position : absl::StrSplit(text, ',')) capture->add_positions(std::string(position));
  }
  SUMSCOPE_RETURN_IF_ERROR(FillReduction(options.reduce, capture));
  SUMSCOPE_ASSIGN_OR_RETURN(*request.mutable_question_set(), MakeQuestionSet(session, options.questions));
  return AskAnalysis(session, std::move(request),
                     options.dry_run ? Ask::kDryRun
                     : options.wait  ? Ask::kWait
                                     : Ask::kQueue,
                     options.questions, options.yes);
}

}  // namespace

void AddCapture(Registry* registry, Command root) {
  const auto options = std::make_shared<CaptureOptions>();
  const Command command = registry->Add(root, "capture", "Store a model's activations to questions");
  AddCheckpointArgument(command, &options->run).required();
  command.AddRepeated("--hooks", &options->hooks, "a hook's name or a pattern, 'blocks.*.attn.hook_z'; may be repeated")
      .type_name("GLOB")
      .required();
  command.AddRepeated("--positions", &options->positions, "P14, several joined by ',' (default: all)")
      .type_name("P14[,..]");
  command
      .Add("--reduce", &options->reduce,
           "mean over the questions, class-mean, or components:K, the first K principal components")
      .type_name("HOW");
  AddQuestionOptions(command, &options->questions);
  command.AddFlag("--wait", &options->wait, "wait until it is stored; Ctrl-C leaves, the capture goes on");
  command.AddFlag("--dry-run", &options->dry_run, "only check, and show what it would need: memory, disk, time");
  command.AddFlag("--yes", &options->yes, "do not ask first, however long it takes");
  registry->Run(command, [options](Session& session) { return CaptureActivations(*options, session); });
}

}  // namespace sumscope::client

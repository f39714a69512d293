#ifndef SUMSCOPE_CLIENT_CLI_ASKING_ASK_ANALYSIS_H_
#define SUMSCOPE_CLIENT_CLI_ASKING_ASK_ANALYSIS_H_

#include "absl/status/statusor.h"
#include "client/cli/app/exit_code.h"
#include "client/cli/app/session.h"
#include "client/cli/asking/question_options.h"

namespace sumscope::client {

enum class Ask {
  kQueue,   // prints a result that is known already, else the analysis' name
  kWait,    // prints the result when it has ended, and exits with its fate
  kDryRun,  // prints what it would need
};

// Asks for an analysis and prints its name, its answer or its prediction, as `ask` says. A list of questions that is
// too long for a request is uploaded. Where `options` say where the questions came from, an error names the line of
// their file. What takes long is confirmed first (confirm.h), but with `yes`.
absl::StatusOr<ExitCode> AskAnalysis(Session& session, v1::CreateAnalysisRequest request, Ask ask,
                                     const QuestionOptions& options = {}, bool yes = false);

// The spec that people's view of `analysis` needs; empty where none does.
absl::StatusOr<v1::TrainSpec> SpecForView(Session& session, const v1::Analysis& analysis);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_ASKING_ASK_ANALYSIS_H_

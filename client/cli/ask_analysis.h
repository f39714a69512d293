#ifndef SUMSCOPE_CLIENT_CLI_ASK_ANALYSIS_H_
#define SUMSCOPE_CLIENT_CLI_ASK_ANALYSIS_H_

#include "absl/status/statusor.h"
#include "client/cli/exit_code.h"
#include "client/cli/session.h"

namespace sumscope::client {

// Queues an analysis and prints its result: with `wait` when it has ended, otherwise only where it is known already,
// else the analysis' name.
absl::StatusOr<ExitCode> AskAnalysis(Session& session, const v1::CreateAnalysisRequest& request, bool wait);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_ASK_ANALYSIS_H_

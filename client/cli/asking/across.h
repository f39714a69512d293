#ifndef SUMSCOPE_CLIENT_CLI_ASKING_ACROSS_H_
#define SUMSCOPE_CLIENT_CLI_ASKING_ACROSS_H_

#include <string>

#include "absl/status/statusor.h"
#include "client/cli/app/exit_code.h"
#include "client/cli/app/session.h"

namespace sumscope::client {

// Asks the same of the last checkpoint of every run that `filter` takes, waits for all and prints mean, spread and
// "k of m". Runs without a checkpoint are named on stderr and left out; of other failures the first decides the exit
// code. FAILED_PRECONDITION NO_RESULTS when nothing is left.
absl::StatusOr<ExitCode> AskAcrossRuns(Session& session, const std::string& filter, v1::CreateAnalysisRequest request,
                                       bool dry_run, bool yes);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_ASKING_ACROSS_H_

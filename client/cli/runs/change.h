#ifndef SUMSCOPE_CLIENT_CLI_RUNS_CHANGE_H_
#define SUMSCOPE_CLIENT_CLI_RUNS_CHANGE_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/app/exit_code.h"
#include "client/cli/app/session.h"
#include "client/connection/connection.h"

namespace sumscope::client {

// Applies `change` to every run and prints those that it made or changed. One that fails does not keep the others from
// their turn; its error is told, and the first one decides the exit code.
absl::StatusOr<ExitCode> ChangeRuns(
    Session& session, const std::vector<std::string>& runs,
    const std::function<absl::StatusOr<v1::Run>(Connection&, const std::string& name)>& change);

// Prints a run that goes (on) training; with `watch` follows it first and exits with its fate.
absl::StatusOr<ExitCode> FollowOrPrint(Session& session, Connection& connection, v1::Run run, bool watch);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_RUNS_CHANGE_H_

#ifndef SUMSCOPE_CLIENT_CLI_ASKING_WATCH_SWEEP_H_
#define SUMSCOPE_CLIENT_CLI_ASKING_WATCH_SWEEP_H_

#include <string>

#include "absl/status/statusor.h"
#include "client/cli/app/exit_code.h"
#include "client/cli/app/session.h"
#include "client/connection/connection.h"
#include "sumscope/v1/sweeps.pb.h"

namespace sumscope::client {

// Follows a sweep (its exact name) to its end, shows how it stands on stderr and prints it; exits with its fate. When
// the user wants to stop it says how to come back and returns CANCELLED: the sweep goes on.
absl::StatusOr<ExitCode> WatchSweepToEnd(Session& session, Connection& connection, const std::string& name);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_ASKING_WATCH_SWEEP_H_

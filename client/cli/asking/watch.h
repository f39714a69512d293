#ifndef SUMSCOPE_CLIENT_CLI_ASKING_WATCH_H_
#define SUMSCOPE_CLIENT_CLI_ASKING_WATCH_H_

#include <string>

#include "absl/status/statusor.h"
#include "client/cli/app/session.h"
#include "client/connection/connection.h"

namespace sumscope::client {

// Follows a run (its exact name) to its end and shows states, warnings and progress on stderr; the ended run is
// returned. When the user wants to stop it says how to come back and returns CANCELLED: the run goes on.
absl::StatusOr<v1::Run> WatchRunToEnd(Session& session, Connection& connection, const std::string& name);

// Follows an analysis (its exact name) in the same way.
absl::StatusOr<v1::Analysis> WatchAnalysisToEnd(Session& session, Connection& connection, const std::string& name);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_ASKING_WATCH_H_

#ifndef SUMSCOPE_CLIENT_CLI_ASKING_CANCEL_ALL_H_
#define SUMSCOPE_CLIENT_CLI_ASKING_CANCEL_ALL_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/app/exit_code.h"
#include "client/cli/app/session.h"

namespace sumscope::client {

// Cancels the analyses `names` (runs/{run}/analyses/{analysis}) and prints each with its state. One that fails does not
// keep the others from their turn; its error is told, and the first one decides the exit code.
absl::StatusOr<ExitCode> CancelAll(Session& session, const std::vector<std::string>& names);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_ASKING_CANCEL_ALL_H_

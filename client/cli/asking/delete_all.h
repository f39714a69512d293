#ifndef SUMSCOPE_CLIENT_CLI_ASKING_DELETE_ALL_H_
#define SUMSCOPE_CLIENT_CLI_ASKING_DELETE_ALL_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/app/exit_code.h"
#include "client/cli/app/session.h"

namespace sumscope::client {

// Deletes what `find` says that each of `arguments` means and prints the names of those that are gone. One that fails
// does not keep the others from their turn; its error is told, and the first one decides the exit code.
absl::StatusOr<ExitCode> DeleteAll(
    Session& session, const std::vector<std::string>& arguments,
    const std::function<absl::StatusOr<std::string>(Connection&, absl::string_view)>& find,
    const std::function<absl::Status(Connection&, const std::string& name)>& remove);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_ASKING_DELETE_ALL_H_

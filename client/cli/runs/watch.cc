// sumscope runs watch
#include "client/cli/asking/watch.h"

#include <memory>

#include "client/cli/arguments/names.h"
#include "client/cli/runs/change.h"
#include "client/cli/runs/commands.h"
#include "proto/contract/errors/status_macros.h"

namespace sumscope::client {
namespace {

absl::StatusOr<ExitCode> Watch(const std::string& run_argument, Session& session) {
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string name, RunNameOf(run_argument));
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run run, connection->GetRun(name));
  return FollowOrPrint(session, *connection, run, /*watch=*/true);
}

}  // namespace

void AddRunsWatch(Registry* registry, Command runs) {
  const auto run = std::make_shared<std::string>();
  const Command command =
      registry->Add(runs, "watch", "Follow a run to its end; exits with its fate. Ctrl-C leaves, the run goes on");
  AddRunArgument(command, run.get());
  registry->Run(command, [run](Session& session) { return Watch(*run, session); });
}

}  // namespace sumscope::client

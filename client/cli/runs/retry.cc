// sumscope runs retry
#include <memory>

#include "client/cli/arguments/names.h"
#include "client/cli/runs/change.h"
#include "client/cli/runs/commands.h"
#include "proto/contract/errors/status_macros.h"

namespace sumscope::client {
namespace {

struct RunsRetryOptions {
  std::string run;
  bool watch = false;
};

absl::StatusOr<ExitCode> Retry(const RunsRetryOptions& options, Session& session) {
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string name, RunNameOf(options.run));
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run run, connection->RetryRun(name));
  return FollowOrPrint(session, *connection, run, options.watch);
}

}  // namespace

void AddRunsRetry(Registry* registry, Command runs) {
  const auto options = std::make_shared<RunsRetryOptions>();
  const Command command = registry->Add(runs, "retry", "Train a new run with the same spec");
  AddRunArgument(command, &options->run);
  command.AddFlag("--watch", &options->watch, "follow the run; exits with its fate");
  registry->Run(command, [options](Session& session) { return Retry(*options, session); });
}

}  // namespace sumscope::client

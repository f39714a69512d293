// sumscope sweeps watch
#include <memory>

#include "client/cli/arguments/jobs.h"
#include "client/cli/asking/watch_sweep.h"
#include "client/cli/sweeps/commands.h"
#include "proto/contract/errors/status_macros.h"

namespace sumscope::client {
namespace {

absl::StatusOr<ExitCode> FollowSweep(const std::string& argument, Session& session) {
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string name, SweepNameOf(argument));
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Sweep sweep, connection->GetSweep(name));
  return WatchSweepToEnd(session, *connection, sweep.name());
}

}  // namespace

void AddSweepsWatch(Registry* registry, Command sweeps) {
  const auto sweep = std::make_shared<std::string>();
  const Command command = registry->Add(
      sweeps, "watch", "Follow a sweep to its end; exits with its fate. Ctrl-C leaves, the sweep goes on");
  command.Add("SWEEP", sweep.get(), kSweepArgument).required();
  registry->Run(command, [sweep](Session& session) { return FollowSweep(*sweep, session); });
}

}  // namespace sumscope::client

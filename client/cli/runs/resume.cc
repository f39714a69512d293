// sumscope runs resume
#include <memory>

#include "client/cli/arguments/names.h"
#include "client/cli/runs/change.h"
#include "client/cli/runs/commands.h"
#include "proto/contract/errors/status_macros.h"

namespace sumscope::client {
namespace {

struct RunsResumeOptions {
  std::string run;
  bool watch = false;
};

absl::StatusOr<ExitCode> Resume(const RunsResumeOptions& options, Session& session) {
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string name, RunNameOf(options.run));
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run run, connection->ResumeRun(name));
  return FollowOrPrint(session, *connection, run, options.watch);
}

}  // namespace

void AddRunsResume(Registry* registry, Command runs) {
  const auto options = std::make_shared<RunsResumeOptions>();
  const Command command = registry->Add(runs, "resume", "Let a failed or cancelled run go on from its last state");
  AddRunArgument(command, &options->run);
  command.AddFlag("--watch", &options->watch, "follow the run; exits with its fate");
  registry->Run(command, [options](Session& session) { return Resume(*options, session); });
}

}  // namespace sumscope::client

// sumscope runs show
#include <memory>

#include "client/cli/arguments/names.h"
#include "client/cli/output/runs/run_view.h"
#include "client/cli/runs/commands.h"
#include "proto/contract/errors/status_macros.h"

namespace sumscope::client {
namespace {

absl::StatusOr<ExitCode> PrintRun(const std::string& run_argument, Session& session) {
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string name, RunNameOf(run_argument));
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run run, connection->GetRun(name));
  v1::ListCheckpointsResponse checkpoints;
  if (session.format() == Format::kTable || session.format() == Format::kWide) {
    SUMSCOPE_ASSIGN_OR_RETURN(checkpoints, connection->ListCheckpoints(run.name()));
  }
  SUMSCOPE_RETURN_IF_ERROR(session.Print(ShowRunInFull(session, run, checkpoints, session.clock().Now())));
  return ExitCode::kDone;
}

}  // namespace

void AddRunsShow(Registry* registry, Command runs) {
  const auto run = std::make_shared<std::string>();
  const Command command = registry->Add(runs, "show", "Everything about one run");
  AddRunArgument(command, run.get());
  registry->Run(command, [run](Session& session) { return PrintRun(*run, session); });
}

}  // namespace sumscope::client

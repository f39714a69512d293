// sumscope runs set-visibility
#include <memory>

#include "client/cli/arguments/names.h"
#include "client/cli/arguments/users.h"
#include "client/cli/output/runs/run_view.h"
#include "client/cli/runs/commands.h"
#include "proto/contract/errors/status_macros.h"

namespace sumscope::client {
namespace {

absl::StatusOr<ExitCode> SetVisibility(const std::string& run_argument, const std::string& visibility,
                                       Session& session) {
  v1::UpdateRunRequest request;
  SUMSCOPE_ASSIGN_OR_RETURN(*request.mutable_run()->mutable_name(), RunNameOf(run_argument));
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Visibility parsed, ParseVisibility(visibility));
  request.mutable_run()->set_visibility(parsed);
  request.mutable_update_mask()->add_paths("visibility");
  SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run run, connection->Call(request));
  SUMSCOPE_RETURN_IF_ERROR(session.Print(ShowRun(session, run, session.clock().Now(), {"VISIBILITY"})));
  return ExitCode::kDone;
}

}  // namespace

void AddRunsSetVisibility(Registry* registry, Command runs) {
  const auto run = std::make_shared<std::string>(), visibility = std::make_shared<std::string>();
  const Command command = registry->Add(runs, "set-visibility", "Say who sees a run, with all that belongs to it");
  AddRunArgument(command, run.get());
  command.Add("VISIBILITY", visibility.get(), "lab (everybody) or private (its owner and admins)").required();
  registry->Run(command, [run, visibility](Session& session) { return SetVisibility(*run, *visibility, session); });
}

}  // namespace sumscope::client

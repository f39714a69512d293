// sumscope analyses cancel
#include <memory>

#include "client/cli/analyses/commands.h"
#include "client/cli/arguments/find.h"
#include "client/cli/asking/cancel_all.h"
#include "proto/contract/errors/status_macros.h"

namespace sumscope::client {

void AddAnalysesCancel(Registry* registry, Command analyses) {
  const auto arguments = std::make_shared<std::vector<std::string>>();
  const Command command = registry->Add(analyses, "cancel", "Stop analyses that are queued or running");
  command.AddList("ANALYSIS", arguments.get(), kAnalysisArgument).required();
  registry->Run(command, [arguments](Session& session) -> absl::StatusOr<ExitCode> {
    SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
    std::vector<std::string> names;
    for (const std::string& argument : *arguments) {
      SUMSCOPE_ASSIGN_OR_RETURN(names.emplace_back(), FindAnalysis(*connection, argument));
    }
    return CancelAll(session, names);
  });
}

}  // namespace sumscope::client

// sumscope analyses cancel
#include <memory>

#include "client/cli/analyses/commands.h"
#include "client/cli/arguments/names.h"
#include "client/cli/asking/cancel_all.h"
#include "proto/contract/base/status_macros.h"

namespace sumscope::client {

void AddAnalysesCancel(Registry* registry, CLI::App* analyses) {
  const auto arguments = std::make_shared<std::vector<std::string>>();
  CLI::App* const app = registry->Add(analyses, "cancel", "Stop analyses that are queued or running");
  app->add_option("ANALYSIS", *arguments, kAnalysisArgument)->required();
  registry->Run(app, [arguments](Session& session) -> absl::StatusOr<ExitCode> {
    std::vector<std::string> names;
    for (const std::string& argument : *arguments) {
      SUMSCOPE_ASSIGN_OR_RETURN(names.emplace_back(), AnalysisNameOf(argument));
    }
    return CancelAll(session, names);
  });
}

}  // namespace sumscope::client

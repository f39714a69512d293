// sumscope runs cancel
#include <memory>

#include "client/cli/runs/change.h"
#include "client/cli/runs/commands.h"

namespace sumscope::client {

void AddRunsCancel(Registry* registry, Command runs) {
  const auto names = std::make_shared<std::vector<std::string>>();
  const Command command = registry->Add(runs, "cancel", "Stop runs at their next step; what they have so far is kept");
  command.AddList("RUN", names.get(), "run ids, unique prefixes or @last").required();
  registry->Run(command, [names](Session& session) {
    return ChangeRuns(session, *names,
                      [](Connection& connection, const std::string& name) { return connection.CancelRun(name); });
  });
}

}  // namespace sumscope::client

// sumscope runs undelete
#include <memory>

#include "client/cli/runs/change.h"
#include "client/cli/runs/commands.h"

namespace sumscope::client {

void AddRunsUndelete(Registry* registry, Command runs) {
  const auto names = std::make_shared<std::vector<std::string>>();
  const Command command = registry->Add(runs, "undelete", "Bring deleted runs back");
  command.AddList("RUN", names.get(), "run ids or unique prefixes, of deleted runs first").required();
  registry->Run(command, [names](Session& session) {
    return ChangeRuns(session, *names,
                      [](Connection& connection, const std::string& name) { return connection.UndeleteRun(name); });
  });
}

}  // namespace sumscope::client

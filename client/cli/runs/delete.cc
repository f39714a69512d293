// sumscope runs delete
#include <memory>

#include "client/cli/runs/change.h"
#include "client/cli/runs/commands.h"

namespace sumscope::client {

void AddRunsDelete(Registry* registry, CLI::App* runs) {
  const auto names = std::make_shared<std::vector<std::string>>();
  CLI::App* const app = registry->Add(runs, "delete", "Hide ended runs; undelete brings them back");
  app->add_option("RUN", *names, "run ids, unique prefixes or @last")->required();
  registry->Run(app, [names](Session& session) {
    return ChangeRuns(session, *names,
                      [](Connection& connection, const std::string& name) { return connection.DeleteRun(name); });
  });
}

}  // namespace sumscope::client

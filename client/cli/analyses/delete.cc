// sumscope analyses delete
#include <memory>

#include "client/cli/analyses/commands.h"
#include "client/cli/arguments/find.h"
#include "client/cli/asking/delete_all.h"

namespace sumscope::client {

void AddAnalysesDelete(Registry* registry, Command analyses) {
  const auto names = std::make_shared<std::vector<std::string>>();
  const Command command = registry->Add(analyses, "delete", "Forget ended analyses with their facts and files");
  command.AddList("ANALYSIS", names.get(), kAnalysisArgument).required();
  registry->Run(command, [names](Session& session) {
    return DeleteAll(session, *names, FindAnalysis,
                     [](Connection& connection, const std::string& name) { return connection.DeleteAnalysis(name); });
  });
}

}  // namespace sumscope::client

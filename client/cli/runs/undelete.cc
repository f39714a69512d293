// sumscope runs undelete
#include <memory>

#include "absl/strings/strip.h"
#include "client/cli/runs/change.h"
#include "client/cli/runs/commands.h"
#include "proto/contract/errors/errors.h"

namespace sumscope::client {
namespace {

absl::StatusOr<ExitCode> Undelete(const std::vector<std::string>& runs, Session& session) {
  for (const std::string& run : runs) {
    if (absl::StripPrefix(run, "runs/") != "@last") continue;
    return InvalidField("RESOURCE_NAME_INVALID", "name",
                        "@last is your latest run that is not deleted; give the id of one that is: "
                        "sumscope runs list --deleted");
  }
  return ChangeRuns(session, runs,
                    [](Connection& connection, const std::string& name) { return connection.UndeleteRun(name); });
}

}  // namespace

void AddRunsUndelete(Registry* registry, Command runs) {
  const auto names = std::make_shared<std::vector<std::string>>();
  const Command command = registry->Add(runs, "undelete", "Bring deleted runs back");
  command.AddList("DELETED_RUN", names.get(), "run ids or unique prefixes, of deleted runs first").required();
  registry->Run(command, [names](Session& session) { return Undelete(*names, session); });
}

}  // namespace sumscope::client

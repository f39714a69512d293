// sumscope captures delete
#include <memory>

#include "client/cli/arguments/find.h"
#include "client/cli/asking/delete_all.h"
#include "client/cli/captures/commands.h"

namespace sumscope::client {

void AddCapturesDelete(Registry* registry, Command captures) {
  const auto names = std::make_shared<std::vector<std::string>>();
  const Command command = registry->Add(captures, "delete", "Forget captures and remove their files");
  command.AddList("CAPTURE", names.get(), kCaptureArgument).required();
  registry->Run(command, [names](Session& session) {
    return DeleteAll(session, *names, FindCapture,
                     [](Connection& connection, const std::string& name) { return connection.DeleteCapture(name); });
  });
}

}  // namespace sumscope::client

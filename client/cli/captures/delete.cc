// sumscope captures delete
#include <memory>

#include "client/cli/arguments/names.h"
#include "client/cli/asking/delete_all.h"
#include "client/cli/captures/commands.h"

namespace sumscope::client {

void AddCapturesDelete(Registry* registry, CLI::App* captures) {
  const auto names = std::make_shared<std::vector<std::string>>();
  CLI::App* const app = registry->Add(captures, "delete", "Forget captures and remove their files");
  app->add_option("CAPTURE", *names, kCaptureArgument)->required();
  registry->Run(app, [names](Session& session) {
    return DeleteAll(session, *names, CaptureNameOf,
                     [](Connection& connection, const std::string& name) { return connection.DeleteCapture(name); });
  });
}

}  // namespace sumscope::client

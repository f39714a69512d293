// sumscope captures cancel
#include <memory>

#include "absl/strings/str_replace.h"
#include "client/cli/arguments/find.h"
#include "client/cli/asking/cancel_all.h"
#include "client/cli/captures/commands.h"
#include "proto/contract/errors/status_macros.h"

namespace sumscope::client {

void AddCapturesCancel(Registry* registry, Command captures) {
  const auto arguments = std::make_shared<std::vector<std::string>>();
  const Command command = registry->Add(captures, "cancel", "Stop captures that are queued or running");
  command.AddList("CAPTURE", arguments.get(), kCaptureArgument).required();
  registry->Run(command, [arguments](Session& session) -> absl::StatusOr<ExitCode> {
    SUMSCOPE_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
    std::vector<std::string> names;  // of the analyses that make them, which have the same ids
    for (const std::string& argument : *arguments) {
      SUMSCOPE_ASSIGN_OR_RETURN(const std::string capture, FindCapture(*connection, argument));
      names.push_back(absl::StrReplaceAll(capture, {{"/captures/", "/analyses/"}}));
    }
    return CancelAll(session, names);
  });
}

}  // namespace sumscope::client

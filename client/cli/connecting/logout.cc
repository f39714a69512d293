// sumscope logout: takes a context and its token away.
#include <memory>

#include "absl/strings/str_cat.h"
#include "client/cli/connecting/commands.h"
#include "client/cli/connecting/contexts.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"

namespace sumscope::client {
namespace {

absl::StatusOr<ExitCode> Logout(const std::string& typed, Session& session) {
  const std::string name = typed.empty() ? session.settings().context : typed;
  if (name.empty()) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "NOT_LOGGED_IN",
                     "no context is in use; sumscope context list shows which there are");
  }
  SUMSCOPE_ASSIGN_OR_RETURN(const ConfigLock lock, ConfigLock::Take(session));
  SUMSCOPE_ASSIGN_OR_RETURN(const LoadedConfig config, LoadConfig(session.environment()));
  SUMSCOPE_ASSIGN_OR_RETURN(const Settings context, FindContext(config.file, name));
  if (context.token_file != TokenPath(session.environment(), name)) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "NOT_LOGGED_IN",
                     absl::StrCat("the context ", name, " has no token of sumscope login; sumscope context remove ",
                                  name, " takes it away"));
  }
  SUMSCOPE_RETURN_IF_ERROR(RemoveContext(config, name, session));
  const bool in_use = config.file.settings.context == name;
  session.Note(
      absl::StrCat("The context ", name,
                   " and its token are gone from this machine. The token is good until it expires or somebody "
                   "revokes it: sumscope token revoke.",
                   in_use ? absl::StrCat(" Commands go to ", WhereWithout(config, name), " from here on.") : ""));
  return ExitCode::kDone;
}

}  // namespace

void AddLogout(Registry* registry, Command root) {
  const auto name = std::make_shared<std::string>();
  const Command command =
      registry->Add(root, "logout", "Take a context and its token away from this machine; the token is not revoked",
                    Registry::Output::kNone);
  command.Add("CONTEXT", name.get(), "which (default: the one in use)");
  registry->Run(
      command, [name](Session& session) { return Logout(*name, session); }, ConfigUse::kNoContext);
}

}  // namespace sumscope::client

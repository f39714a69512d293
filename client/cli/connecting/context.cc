// sumscope context list, use, remove
#include <memory>

#include "absl/strings/str_cat.h"
#include "client/cli/connecting/commands.h"
#include "client/cli/connecting/config_edit.h"
#include "client/cli/connecting/contexts.h"
#include "proto/contract/errors/status_macros.h"

namespace sumscope::client {
namespace {

// With what a context shows who its user is.
std::string CredentialOf(const Settings& context) {
  if (!context.token_file.empty()) return context.certificate.empty() ? "token" : "token and certificate";
  return context.certificate.empty() ? "" : "certificate";
}

absl::StatusOr<ExitCode> ListContexts(Session& session) {
  SUMSCOPE_ASSIGN_OR_RETURN(const LoadedConfig config, LoadConfig(session.environment()));
  const std::string& chosen = session.settings().context;
  Table table({{"CONTEXT"}, {"IN USE"}, {"SERVER", kEverywhere, false, /*wrap=*/16}, {"CREDENTIAL"}});
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  std::vector<std::string> names;
  for (const auto& [name, context] : config.file.contexts) {
    const bool in_use = name == chosen;
    table.AddRow({name, in_use ? "yes" : "no", context.server, CredentialOf(context)});
    all.push_back({{"context", name},
                   {"in_use", in_use},
                   {"server", context.server},
                   {"ca", context.ca},
                   {"token_file", context.token_file},
                   {"certificate", context.certificate},
                   {"key", context.key}});
    names.push_back(name);
  }
  Document document = session.FromTable(table);
  document.ids = names;
  document.items = {all.begin(), all.end()};
  document.json = {{"contexts", std::move(all)}};
  if (names.empty()) document.nothing = "No contexts yet. Try: sumscope login HOST:PORT";
  document.explains_itself = true;
  SUMSCOPE_RETURN_IF_ERROR(session.Print(document));
  return ExitCode::kDone;
}

absl::StatusOr<ExitCode> UseContext(const std::string& name, Session& session) {
  SUMSCOPE_ASSIGN_OR_RETURN(const ConfigLock lock, ConfigLock::Take(session));
  SUMSCOPE_ASSIGN_OR_RETURN(const LoadedConfig config, LoadConfig(session.environment()));
  SUMSCOPE_ASSIGN_OR_RETURN(const Settings context, FindContext(config.file, name));
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string text, WithChosenContext(config.text, config.path, name));
  SUMSCOPE_RETURN_IF_ERROR(SaveConfig(config.path, text, session));
  session.Note(absl::StrCat("Commands go to ", context.server.empty() ? "the local socket" : context.server,
                            " from here on: context ", name, "."));
  TellWhatWins(name, session);
  return ExitCode::kDone;
}

absl::StatusOr<ExitCode> RemoveOneContext(const std::string& name, Session& session) {
  SUMSCOPE_ASSIGN_OR_RETURN(const ConfigLock lock, ConfigLock::Take(session));
  SUMSCOPE_ASSIGN_OR_RETURN(const LoadedConfig config, LoadConfig(session.environment()));
  SUMSCOPE_RETURN_IF_ERROR(RemoveContext(config, name, session));
  const bool in_use = config.file.settings.context == name;
  session.Note(
      absl::StrCat("The context ", name, " is gone.",
                   in_use ? absl::StrCat(" Commands go to ", WhereWithout(config, name), " from here on.") : ""));
  return ExitCode::kDone;
}

void AddContextVerb(Registry* registry, Command family, const std::string& verb, const std::string& description,
                    absl::StatusOr<ExitCode> (*handler)(const std::string&, Session&)) {
  const auto name = std::make_shared<std::string>();
  const Command command = registry->Add(family, verb, description, Registry::Output::kNone);
  command.Add("CONTEXT", name.get(), "its name, as context list shows it").required();
  registry->Run(
      command, [name, handler](Session& session) { return handler(*name, session); }, ConfigUse::kNoContext);
}

}  // namespace

void AddContext(Registry* registry, Command root) {
  const Command family = registry->AddFamily(root, "context", "Servers by name, in the configuration file");
  const Command list = registry->Add(family, "list", "List the contexts");
  registry->Run(list, ListContexts, ConfigUse::kNoContext);
  AddContextVerb(registry, family, "use", "Let commands go to this context's server", UseContext);
  AddContextVerb(registry, family, "remove", "Take a context away, and the token that login kept for it",
                 RemoveOneContext);
}

}  // namespace sumscope::client

// sumscope login: checks a token and keeps it in a context.
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "client/cli/arguments/users.h"
#include "client/cli/connecting/commands.h"
#include "client/cli/connecting/config_edit.h"
#include "client/cli/connecting/contexts.h"
#include "client/cli/output/numbers.h"
#include "client/connection/ways/address.h"
#include "client/files/private_file.h"
#include "client/files/secret_file.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"

namespace sumscope::client {
namespace {

// What is to be written, and with what it is tried before.
struct NewContext {
  std::string name, server;
  Settings settings;  // ca, certificate and key
};

absl::StatusOr<std::string> AbsolutePath(const std::string& path) {
  if (path.empty()) return path;
  std::error_code error;
  const std::filesystem::path whole = std::filesystem::absolute(path, error);
  if (error) return MakeError(absl::StatusCode::kInternal, "PATH_INVALID", absl::StrCat(path, ": ", error.message()));
  return whole.lexically_normal().string();
}

bool IsSame(const NewContext& a, const NewContext& b) {
  for (std::string Settings::*field : kCredentialSettings) {
    if (a.settings.*field != b.settings.*field) return false;
  }
  return a.name == b.name && a.server == b.server;
}

// A context's name begins with a letter or a digit, and ::1 with neither.
std::string NameOfHost(const std::string& host) {
  std::string name = absl::StrReplaceAll(host, {{":", "_"}, {"%", "_"}});
  name.erase(0, std::min(name.find_first_not_of("_-."), name.size()));
  return name.empty() ? "server" : name;
}

// By --context, else by the host. A context of that name is another server's only where it was named.
absl::StatusOr<NewContext> PlanLogin(const std::string& server, const LoadedConfig& config, const Session& session) {
  SUMSCOPE_ASSIGN_OR_RETURN(const Address address, ParseAddress(server));
  if (address.kind != Address::Kind::kTcp) {
    return MakeError(absl::StatusCode::kInvalidArgument, "LOGIN_NEEDS_TLS",
                     absl::StrCat("tokens go over TLS alone: give HOST:PORT. ", server,
                                  " knows who you are by your account there, with --server"));
  }
  const Settings& flags = session.flags();
  const Environment& variables = session.environment();
  NewContext plan;
  plan.server = server;
  const bool named = !flags.context.empty();
  plan.name = named ? flags.context : NameOfHost(address.host);
  SUMSCOPE_RETURN_IF_ERROR(CheckContextName(plan.name));
  plan.settings.ca = flags.ca.empty() ? variables.ca : flags.ca;
  plan.settings.certificate = flags.certificate.empty() ? variables.certificate : flags.certificate;
  plan.settings.key = flags.key.empty() ? variables.key : flags.key;
  for (std::string Settings::*field : kCredentialSettings) {
    SUMSCOPE_ASSIGN_OR_RETURN(plan.settings.*field, AbsolutePath(plan.settings.*field));
  }
  const auto there = config.file.contexts.find(plan.name);
  if (there == config.file.contexts.end()) return plan;
  if (there->second.server == server) {
    // Of the login before: what it was tried with goes on.
    Settings before = there->second;
    before.token_file.clear();
    for (std::string Settings::*field : kCredentialSettings) {
      if ((plan.settings.*field).empty()) plan.settings.*field = PathInFile(before.*field, variables);
    }
  } else if (!named) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "CONTEXT_EXISTS",
                     absl::StrCat("the context ", plan.name, " is of ", there->second.server,
                                  "; give this one another name with --context, or that one to replace it"));
  }
  return plan;
}

absl::StatusOr<std::string> AskForToken(const NewContext& plan, Session& session) {
  const auto& read = session.terminal().read_secret;
  const std::optional<std::string> line =
      read ? read(absl::StrCat("token for ", plan.server, " (not shown): ")) : std::nullopt;
  if (session.interrupted()) return absl::CancelledError("interrupted");
  const std::string token(absl::StripAsciiWhitespace(line.value_or("")));
  if (token.empty()) {
    return InvalidField("TOKEN_MISSING", "token", "no token was given: type it, or pipe it into the standard input");
  }
  if (token.size() > kTokenFile.max_bytes) {
    return MakeError(absl::StatusCode::kUnauthenticated, "TOKEN_MALFORMED",
                     absl::StrCat("that is too long for a token, which has at most ", kTokenFile.max_bytes, " bytes"));
  }
  if (!CanBeToken(token)) {
    return MakeError(absl::StatusCode::kUnauthenticated, "TOKEN_MALFORMED",
                     "that is no token: it is one line of printable characters without blanks");
  }
  return token;
}

absl::StatusOr<v1::Caller> TryToken(const NewContext& plan, const std::string& token, Session& session) {
  Settings settings = plan.settings;
  settings.server = plan.server;
  settings.timeout = session.settings().timeout;
  SUMSCOPE_ASSIGN_OR_RETURN(ConnectionOptions options, FindServer(settings, session.environment()));
  options.credentials.token = token;
  Connection connection(options, session.sleeper(), session.cancellation());
  return connection.Call(v1::GetCallerRequest());
}

// Both files or neither: there is room for the token before the configuration changes, which goes back where the token
// cannot be kept all the same.
absl::Status KeepLogin(const NewContext& plan, const std::string& token, Session& session) {
  SUMSCOPE_ASSIGN_OR_RETURN(const ConfigLock lock, ConfigLock::Take(session));
  // As it is by this time: a person may have taken long to find the token.
  SUMSCOPE_ASSIGN_OR_RETURN(const LoadedConfig config, LoadConfig(session.environment()));
  SUMSCOPE_ASSIGN_OR_RETURN(const NewContext same, PlanLogin(plan.server, config, session));
  if (!IsSame(same, plan)) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "CONTEXT_CHANGED",
                     absl::StrCat("the context ", plan.name, " of ", config.path,
                                  " changed while the token was asked for; log in again"));
  }
  const std::string token_path = TokenPath(session.environment(), plan.name);
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string absolute, AbsolutePath(token_path));
  const ContextKeys keys = {{"server", plan.server},
                            {"ca", plan.settings.ca},
                            {"token_file", absolute},
                            {"certificate", plan.settings.certificate},
                            {"key", plan.settings.key}};
  SUMSCOPE_ASSIGN_OR_RETURN(std::string text, WithContext(config.text, config.path, plan.name, keys));
  SUMSCOPE_ASSIGN_OR_RETURN(text, WithChosenContext(text, config.path, plan.name));
  SUMSCOPE_RETURN_IF_ERROR(MakeFolderOf(absolute));
  SUMSCOPE_ASSIGN_OR_RETURN(const std::unique_ptr<SecretFile> file, SecretFile::Create(absolute));
  const bool there = access(config.path.c_str(), F_OK) == 0;
  SUMSCOPE_RETURN_IF_ERROR(SaveConfig(config.path, text, session));
  const absl::Status kept = file->Commit(absl::StrCat(token, "\n"));
  if (!kept.ok() && there) SaveConfig(config.path, config.text, session).IgnoreError();
  if (!kept.ok() && !there) unlink(config.path.c_str());
  return kept;
}

absl::StatusOr<ExitCode> Login(const std::string& server, Session& session) {
  if (!session.flags().token_file.empty()) {
    return InvalidField("USAGE", "token_file", "login asks for the token, or reads it from the standard input");
  }
  SUMSCOPE_ASSIGN_OR_RETURN(const LoadedConfig config, LoadConfig(session.environment()));
  SUMSCOPE_ASSIGN_OR_RETURN(const NewContext plan, PlanLogin(server, config, session));
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string token, AskForToken(plan, session));
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Caller caller, TryToken(plan, token, session));
  SUMSCOPE_RETURN_IF_ERROR(KeepLogin(plan, token, session));
  session.Note(absl::StrCat("You are ", UserIdOf(caller.user()), " (", RoleText(caller.role()), ") at ", server,
                            caller.has_expire_time() ? absl::StrCat(", until ", FormatTime(caller.expire_time())) : "",
                            ". Commands go there from here on: context ", plan.name, "."));
  TellWhatWins(plan.name, session);
  return ExitCode::kDone;
}

}  // namespace

void AddLogin(Registry* registry, Command root) {
  const auto server = std::make_shared<std::string>();
  const Command command = registry->Add(
      root, "login", "Ask for a token, check it with the server and keep it in a context", Registry::Output::kNone);
  command.Add("HOST:PORT", server.get(), "the server; its certificate is checked by --ca").required();
  registry->Run(
      command, [server](Session& session) { return Login(*server, session); }, ConfigUse::kNoContext);
}

}  // namespace sumscope::client

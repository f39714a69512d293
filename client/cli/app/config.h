#ifndef SUMSCOPE_CLIENT_CLI_APP_CONFIG_H_
#define SUMSCOPE_CLIENT_CLI_APP_CONFIG_H_

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/cli/app/environment.h"

namespace sumscope::client {

// Settings as given in one place, "" where that place is silent.
struct Settings {
  std::string server;   // unix:/path, ssh://[user@]host[:port] or host:port
  std::string timeout;  // 30, 30s, 2m
  std::string context;  // which [contexts.NAME] of the file counts
  std::string output;   // table, json, ..
  // Files with which the client shows who it is and knows the server, see ServerCredentials.
  std::string ca, token_file, certificate, key;
};
// Those files.
inline constexpr std::string Settings::*kCredentialSettings[] = {&Settings::ca, &Settings::token_file,
                                                                 &Settings::certificate, &Settings::key};

// The file's top level and its named contexts.
struct ConfigFile {
  Settings settings;
  std::map<std::string, Settings> contexts;
};

// Parses a config.toml:
//
//   server = "unix:/run/sumscope/sumscope.sock"
//   timeout = "30s"
//   output = "table"
//   context = "lab"
//   [contexts.lab]
//   server = "gpu-box:7433"
//   ca = "lab-ca.pem"
//   token_file = "tokens/lab"
//
// ca, token_file, certificate and key are paths of files, from the folder of the file or, with ~/, from the home.
// INVALID_ARGUMENT CONFIG_INVALID for bad TOML, unknown keys and wrong types, with file and line.
absl::StatusOr<ConfigFile> ParseConfig(absl::string_view text, const std::string& path);

// The context of that name. NOT_FOUND CONTEXT_NOT_FOUND.
absl::StatusOr<Settings> FindContext(const ConfigFile& config, const std::string& name);

// $XDG_CONFIG_HOME/sumscope (~/.config/sumscope by default), and the configuration file in it.
std::string ConfigFolder(const Environment& environment);
std::string ConfigPath(const Environment& environment);
// Where a path leads that the file says; "" stays so.
std::string PathInFile(const std::string& path, const Environment& environment);
// The file's text, "" where there is none. CONFIG_NOT_READABLE for a file that is there and cannot be read,
// PERMISSION_DENIED CONFIG_OPEN_TO_OTHERS for one that is neither this user's nor root's, or that others may write.
absl::StatusOr<std::string> ReadConfigText(const std::string& path);

// What of the configuration file counts for a command.
enum class ConfigUse { kAll, kNoContext, kNone };
// What counts: flag, else environment, else the chosen context of the configuration file, else that file's top level.
// ServerCredentials of a table of the file are for no server that a flag, the environment or a stronger table names: a
// token goes to nobody else. Token, certificate and key are a set: where one is given, none of a weaker place joins it.
// `server` stays "" when nobody says. CONFIG_INVALID also for an unknown context; errors of ReadConfigText.
absl::StatusOr<Settings> ResolveSettings(const Settings& flags, const Environment& environment,
                                         ConfigUse use = ConfigUse::kAll);

// "45", "45s", "2m": positive and at most a day. INVALID_ARGUMENT TIMEOUT_INVALID. "" is 30 s.
absl::StatusOr<absl::Duration> ParseTimeout(absl::string_view text);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_APP_CONFIG_H_

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
  std::string server;   // unix:/path or host:port
  std::string timeout;  // 30, 30s, 2m
  std::string context;  // which [contexts.NAME] of the file counts
  std::string output;   // table, json, ..
};

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
//
// INVALID_ARGUMENT CONFIG_INVALID for bad TOML, unknown keys and wrong types, with file and line.
absl::StatusOr<ConfigFile> ParseConfig(absl::string_view text, const std::string& path);

// What counts: flag, else environment, else the chosen context of $XDG_CONFIG_HOME/sumscope/config.toml (~/.config by
// default), else that file's top level. `server` stays "" when nobody says. CONFIG_INVALID also for an unknown context,
// CONFIG_NOT_READABLE for a file that is there and cannot be read.
absl::StatusOr<Settings> ResolveSettings(const Settings& flags, const Environment& environment);

// "45", "45s", "2m": positive and at most a day. INVALID_ARGUMENT TIMEOUT_INVALID. "" is 30 s.
absl::StatusOr<absl::Duration> ParseTimeout(absl::string_view text);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_APP_CONFIG_H_

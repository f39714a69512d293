#include "client/cli/app/config.h"

#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <sstream>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "client/files/readable_file.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/process/trusted_file.h"
#include "proto/contract/text/nearest.h"
#include "proto/contract/text/quote.h"
#include "toml++/toml.h"

namespace sumscope::client {
namespace {

absl::Status Invalid(const std::string& path, const toml::source_region& where, absl::string_view problem) {
  return MakeError(absl::StatusCode::kInvalidArgument, "CONFIG_INVALID",
                   absl::StrCat(path, " line ", where.begin.line, ": ", problem));
}

// Reads the settings of one table; `contexts` is null within a context.
absl::Status ReadTable(const toml::table& table, const std::string& path, Settings* settings,
                       std::map<std::string, Settings>* contexts) {
  const std::map<absl::string_view, std::string*> keys = {
      {"server", &settings->server},           {"timeout", &settings->timeout}, {"output", &settings->output},
      {"context", &settings->context},         {"ca", &settings->ca},           {"token_file", &settings->token_file},
      {"certificate", &settings->certificate}, {"key", &settings->key}};
  for (const auto& [key, node] : table) {
    const absl::string_view name(key.str().data(), key.str().size());
    const auto known = keys.find(name);
    if (contexts != nullptr && name == "contexts" && node.is_table()) {
      for (const auto& [context, inner] : *node.as_table()) {
        const toml::table* const entries = inner.as_table();
        if (entries == nullptr) return Invalid(path, inner.source(), "a context is a table: [contexts.NAME]");
        Settings* const target = &(*contexts)[std::string(context.str())];
        SUMSCOPE_RETURN_IF_ERROR(ReadTable(*entries, path, target, nullptr));
      }
    } else if (known == keys.end() || (contexts == nullptr && name == "context")) {
      return Invalid(path, key.source(),
                     absl::StrCat("unknown key ", Quote(name),
                                  "; there are server, timeout, output, ca, token_file, certificate, key",
                                  contexts != nullptr ? ", context and [contexts.NAME]" : ""));
    } else if (const auto text = node.value_exact<std::string>()) {
      *known->second = *text;
    } else if (const auto number = node.value<double>(); number && name == "timeout") {
      *known->second = absl::StrCat(*number);
    } else {
      return Invalid(path, node.source(), absl::StrCat(Quote(name), " must be text in quotes"));
    }
  }
  return absl::OkStatus();
}

Settings SettingsOf(const Environment& environment) {
  Settings settings;
  settings.server = environment.server;
  settings.timeout = environment.timeout;
  settings.context = environment.context;
  settings.output = environment.output;
  settings.ca = environment.ca;
  settings.token_file = environment.token_file;
  settings.certificate = environment.certificate;
  settings.key = environment.key;
  return settings;
}

// With what a user is shown to a server: a set, given whole in one place.
constexpr std::string Settings::*kIdentity[] = {&Settings::token_file, &Settings::certificate, &Settings::key};

bool HasIdentity(const Settings& settings) {
  for (std::string Settings::*field : kIdentity) {
    if (!(settings.*field).empty()) return true;
  }
  return false;
}

// Fields of `weaker` where `settings` is silent. Credentials of two places could be of two users.
void FillFrom(Settings weaker, Settings* settings) {
  if (HasIdentity(*settings)) {
    for (std::string Settings::*field : kIdentity) (weaker.*field).clear();
  }
  for (std::string Settings::*field : {&Settings::server, &Settings::timeout, &Settings::context, &Settings::output,
                                       &Settings::ca, &Settings::token_file, &Settings::certificate, &Settings::key}) {
    if ((settings->*field).empty()) settings->*field = weaker.*field;
  }
}

// The same from a table of the file, whose credentials are for no server that was named before it.
void FillFromTable(Settings table, const Environment& environment, Settings* settings) {
  const bool its_server = settings->server.empty() || settings->server == table.server;
  for (std::string Settings::*field : kCredentialSettings) {
    table.*field = its_server ? PathInFile(table.*field, environment) : "";
  }
  FillFrom(std::move(table), settings);
}

}  // namespace

absl::StatusOr<ConfigFile> ParseConfig(absl::string_view text, const std::string& path) {
  toml::table table;
  try {
    table = toml::parse(std::string_view(text.data(), text.size()), path);
  } catch (const toml::parse_error& error) {
    return Invalid(path, error.source(), std::string(error.description()));
  }
  ConfigFile config;
  SUMSCOPE_RETURN_IF_ERROR(ReadTable(table, path, &config.settings, &config.contexts));
  return config;
}

absl::StatusOr<Settings> FindContext(const ConfigFile& config, const std::string& name) {
  const auto found = config.contexts.find(name);
  if (found != config.contexts.end()) return found->second;
  std::vector<std::string> names;
  for (const auto& [known, settings] : config.contexts) names.push_back(known);
  return MakeError(absl::StatusCode::kNotFound, "CONTEXT_NOT_FOUND",
                   names.empty()
                       ? absl::StrCat("there is no context ", Quote(name), ", and no other: sumscope login makes one")
                       : absl::StrCat("there is no context ", Quote(name), "; ", DidYouMean(name, names)));
}

std::string ConfigFolder(const Environment& environment) {
  const std::string folder =
      environment.xdg_config_home.empty() ? environment.home + "/.config" : environment.xdg_config_home;
  return folder + "/sumscope";
}

std::string ConfigPath(const Environment& environment) { return ConfigFolder(environment) + "/config.toml"; }

std::string PathInFile(const std::string& path, const Environment& environment) {
  if (path.empty() || path[0] == '/') return path;
  if (absl::StartsWith(path, "~/")) return absl::StrCat(environment.home, path.substr(1));
  return absl::StrCat(ConfigFolder(environment), "/", path);
}

absl::StatusOr<std::string> ReadConfigText(const std::string& path) {
  if (access(path.c_str(), F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR)) return "";
  // Looked at before it is opened: a pipe without a writer would hold this for ever.
  if (const absl::Status readable = CheckReadable(path, Pipes::kRefused); !readable.ok()) {
    return MakeError(absl::StatusCode::kInvalidArgument, "CONFIG_NOT_READABLE",
                     absl::StrCat("the configuration: ", readable.message()));
  }
  if (const std::string who = WhoElseWrites(path); !who.empty()) {
    return MakeError(
        absl::StatusCode::kPermissionDenied, "CONFIG_OPEN_TO_OTHERS",
        absl::StrCat("the configuration ", path, " is ", who,
                     ", and says where commands go: look at what it holds, make it yours and chmod go-w it"));
  }
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

absl::StatusOr<Settings> ResolveSettings(const Settings& flags, const Environment& environment, ConfigUse use) {
  Settings settings = flags;
  FillFrom(SettingsOf(environment), &settings);
  if (use == ConfigUse::kNone) return settings;
  const std::string path = ConfigPath(environment);
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string text, ReadConfigText(path));
  SUMSCOPE_ASSIGN_OR_RETURN(const ConfigFile config, ParseConfig(text, path));
  const std::string context = settings.context.empty() ? config.settings.context : settings.context;
  if (!context.empty() && use == ConfigUse::kAll) {
    const absl::StatusOr<Settings> found = FindContext(config, context);
    // Who names one that is not there is told so as `context use` tells it.
    if (!found.ok() && !settings.context.empty()) return found.status();
    if (!found.ok()) {
      return MakeError(absl::StatusCode::kInvalidArgument, "CONFIG_INVALID",
                       absl::StrCat(path, " has no [contexts.", context, "]; sumscope context list shows which"));
    }
    FillFromTable(*found, environment, &settings);
  }
  FillFromTable(config.settings, environment, &settings);
  return settings;
}

absl::StatusOr<absl::Duration> ParseTimeout(absl::string_view text) {
  if (text.empty()) return absl::Seconds(30);
  absl::Duration duration;
  double seconds = 0;
  if (absl::SimpleAtod(text, &seconds)) {
    duration = absl::Seconds(seconds);
  } else if (!absl::ParseDuration(text, &duration)) {
    duration = absl::ZeroDuration();
  }
  if (duration < absl::Milliseconds(1) || duration > absl::Hours(24)) {
    return InvalidField(
        "TIMEOUT_INVALID", "timeout",
        absl::StrCat(Quote(text), " is no timeout; expected seconds, or a span like 30s or 2m, at ", "most 24h"));
  }
  return duration;
}

}  // namespace sumscope::client

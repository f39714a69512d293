#include "client/cli/app/config.h"

#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <sstream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "client/files/readable_file.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
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
  const std::map<absl::string_view, std::string*> keys = {{"server", &settings->server},
                                                          {"timeout", &settings->timeout},
                                                          {"output", &settings->output},
                                                          {"context", &settings->context}};
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
                     absl::StrCat("unknown key ", Quote(name), "; there are server, timeout, output",
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

// Fields of `weaker` where `settings` is silent.
void FillFrom(const Settings& weaker, Settings* settings) {
  for (std::string Settings::*field : {&Settings::server, &Settings::timeout, &Settings::context, &Settings::output}) {
    if ((settings->*field).empty()) settings->*field = weaker.*field;
  }
}

absl::StatusOr<ConfigFile> ReadConfig(const std::string& path) {
  if (access(path.c_str(), F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR)) return ConfigFile();
  // Looked at before it is opened: a pipe without a writer would hold this for ever.
  if (const absl::Status readable = CheckReadable(path, Pipes::kRefused); !readable.ok()) {
    return MakeError(absl::StatusCode::kInvalidArgument, "CONFIG_NOT_READABLE",
                     absl::StrCat("the configuration: ", readable.message()));
  }
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return ParseConfig(text.str(), path);
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

absl::StatusOr<Settings> ResolveSettings(const Settings& flags, const Environment& environment) {
  const std::string folder =
      environment.xdg_config_home.empty() ? environment.home + "/.config" : environment.xdg_config_home;
  const std::string path = folder + "/sumscope/config.toml";
  SUMSCOPE_ASSIGN_OR_RETURN(const ConfigFile config, ReadConfig(path));
  Settings settings = flags;
  FillFrom({environment.server, environment.timeout, environment.context, environment.output}, &settings);
  const std::string context = settings.context.empty() ? config.settings.context : settings.context;
  if (!context.empty()) {
    const auto found = config.contexts.find(context);
    if (found == config.contexts.end()) {
      return MakeError(absl::StatusCode::kInvalidArgument, "CONFIG_INVALID",
                       absl::StrCat(path, " has no [contexts.", context, "]"));
    }
    FillFrom(found->second, &settings);
  }
  FillFrom(config.settings, &settings);
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

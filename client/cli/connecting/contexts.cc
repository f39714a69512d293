#include "client/cli/connecting/contexts.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/cli/connecting/config_edit.h"
#include "client/cli/output/hide_secrets.h"
#include "client/cli/output/sink.h"
#include "client/files/output_place.h"
#include "client/files/secret_file.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/text/quote.h"

namespace sumscope::client {

absl::StatusOr<LoadedConfig> LoadConfig(const Environment& environment) {
  LoadedConfig config;
  config.path = ConfigPath(environment);
  SUMSCOPE_ASSIGN_OR_RETURN(config.text, ReadConfigText(config.path));
  SUMSCOPE_ASSIGN_OR_RETURN(config.file, ParseConfig(config.text, config.path));
  return config;
}

absl::Status MakeFolderOf(const std::string& path) {
  for (size_t at = path.find('/', 1); at != std::string::npos; at = path.find('/', at + 1)) {
    const std::string folder = path.substr(0, at);
    if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return OutputFailed(folder, std::strerror(errno));
  }
  return absl::OkStatus();
}

absl::StatusOr<ConfigLock> ConfigLock::Take(Session& session) {
  constexpr absl::Duration kPatience = absl::Seconds(10), kStep = absl::Milliseconds(50);
  const std::string folder = ConfigFolder(session.environment());
  SUMSCOPE_RETURN_IF_ERROR(MakeFolderOf(folder + "/"));
  FileDescriptor descriptor(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!descriptor.valid()) return OutputFailed(folder, std::strerror(errno));
  for (absl::Duration slept; flock(descriptor.get(), LOCK_EX | LOCK_NB) != 0; slept += kStep) {
    if (errno != EWOULDBLOCK) break;
    if (session.interrupted()) return absl::CancelledError("interrupted");
    if (slept >= kPatience) {
      return MakeError(absl::StatusCode::kFailedPrecondition, "CONFIG_BUSY",
                       absl::StrCat("another command changes what is in ", folder, "; try again"));
    }
    session.sleeper()->Sleep(kStep);
  }
  return ConfigLock(std::move(descriptor));
}

absl::Status SaveConfig(const std::string& path, const std::string& text, Session& session) {
  SUMSCOPE_RETURN_IF_ERROR(MakeFolderOf(path));
  if (access(path.c_str(), F_OK) != 0 && errno == ENOENT) {
    // No umask opens it to a group, which would make it one that is not read.
    SUMSCOPE_ASSIGN_OR_RETURN(const std::unique_ptr<SecretFile> file, SecretFile::Create(path));
    return file->Commit(text);
  }
  SUMSCOPE_ASSIGN_OR_RETURN(const std::unique_ptr<Sink> sink, MakeFileSink(path, session.sleeper()));
  SUMSCOPE_RETURN_IF_ERROR(sink->Write(text));
  return sink->Commit();
}

absl::Status CheckContextName(const std::string& name) {
  constexpr size_t kMost = 64;
  const bool letters = std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
  });
  const bool secret = HideSecrets(name) != name;
  if (!name.empty() && name.size() <= kMost && !secret && letters &&
      absl::ascii_isalnum(static_cast<unsigned char>(name[0]))) {
    return absl::OkStatus();
  }
  return MakeError(absl::StatusCode::kInvalidArgument, "CONTEXT_NAME_INVALID",
                   absl::StrCat(Quote(name), " is no name of a context; expected 1 to ", kMost,
                                " letters, digits, '.', '_' and '-', the first a letter or a digit"));
}

void TellWhatWins(const std::string& name, Session& session) {
  const Environment& variables = session.environment();
  if (!variables.server.empty()) {
    session.Note(absl::StrCat("SUMSCOPE_SERVER says ", variables.server, ", and wins."));
  } else if (!variables.context.empty() && variables.context != name) {
    session.Note(absl::StrCat("SUMSCOPE_CONTEXT says ", variables.context, ", and wins."));
  }
}

std::string TokenPath(const Environment& environment, const std::string& name) {
  return absl::StrCat(ConfigFolder(environment), "/tokens/", name);
}

absl::Status RemoveContext(const LoadedConfig& config, const std::string& name, Session& session) {
  SUMSCOPE_ASSIGN_OR_RETURN(const Settings context, FindContext(config.file, name));
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string text, WithoutContext(config.text, config.path, name));
  SUMSCOPE_RETURN_IF_ERROR(SaveConfig(config.path, text, session));
  const std::string token = TokenPath(session.environment(), name);
  if (context.token_file != token || unlink(token.c_str()) == 0 || errno == ENOENT) return absl::OkStatus();
  return MakeError(absl::StatusCode::kInternal, "TOKEN_LEFT",
                   absl::StrCat("the context ", name, " is gone, but its token is still in ", token, " (",
                                std::strerror(errno), "): delete that file"));
}

std::string WhereWithout(const LoadedConfig& config, const std::string& name) {
  const Settings& top = config.file.settings;
  const auto chosen = config.file.contexts.find(top.context);
  if (top.context != name && chosen != config.file.contexts.end() && !chosen->second.server.empty()) {
    return absl::StrCat(chosen->second.server, " (context ", top.context, ")");
  }
  return top.server.empty() ? "the local socket" : top.server;
}

}  // namespace sumscope::client

#ifndef SUMSCOPE_CLIENT_CLI_CONNECTING_CONTEXTS_H_
#define SUMSCOPE_CLIENT_CLI_CONNECTING_CONTEXTS_H_

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cli/app/config.h"
#include "client/cli/app/session.h"
#include "proto/contract/process/file_descriptor.h"

namespace sumscope::client {

// The configuration file as it is.
struct LoadedConfig {
  std::string path, text;
  ConfigFile file;
};
// Errors of ReadConfigText and ParseConfig.
absl::StatusOr<LoadedConfig> LoadConfig(const Environment& environment);

// Makes every missing folder above `path`, for this user alone. INTERNAL OUTPUT_FAILED.
absl::Status MakeFolderOf(const std::string& path);

// While it lives, no other command of this program changes the configuration. Where the file system has no locks it
// holds none.
class ConfigLock {
 public:
  // Waits up to 10 s. FAILED_PRECONDITION CONFIG_BUSY; INTERNAL OUTPUT_FAILED where there can be no folder for the
  // configuration.
  static absl::StatusOr<ConfigLock> Take(Session& session);

 private:
  explicit ConfigLock(FileDescriptor folder) : folder_(std::move(folder)) {}
  FileDescriptor folder_;
};

// Replaces the file whole, or makes it, for this user alone, and its folder. A symbolic link leads to the file, whose
// mode stays. INTERNAL OUTPUT_FAILED.
absl::Status SaveConfig(const std::string& path, const std::string& text, Session& session);

// Names of contexts that the program makes: letters, digits, '.', '_' and '-', at most 64, the first a letter or a
// digit. INVALID_ARGUMENT CONTEXT_NAME_INVALID.
absl::Status CheckContextName(const std::string& name);

// Says where the environment names another server than this context, which is chosen.
void TellWhatWins(const std::string& name, Session& session);

// Where login keeps the token of a context.
std::string TokenPath(const Environment& environment, const std::string& name);

// Takes the context away, and then its token where login wrote it: an error in between says where the token is left.
// The caller holds the ConfigLock since before `config` was loaded.
absl::Status RemoveContext(const LoadedConfig& config, const std::string& name, Session& session);
// Where commands go that no flag and no variable leads elsewhere, once `config` has no such context.
std::string WhereWithout(const LoadedConfig& config, const std::string& name);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_CONNECTING_CONTEXTS_H_

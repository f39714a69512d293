#ifndef SUMSCOPE_CLIENT_CLI_CONNECTING_COMMANDS_H_
#define SUMSCOPE_CLIENT_CLI_CONNECTING_COMMANDS_H_

#include "client/cli/arguments/command.h"

namespace sumscope::client {

// Each in its own file.
void AddLogin(Registry* registry, Command root);
void AddLogout(Registry* registry, Command root);
void AddWhoami(Registry* registry, Command root);
void AddContext(Registry* registry, Command root);
void AddDialStdio(Registry* registry, Command root);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_CONNECTING_COMMANDS_H_

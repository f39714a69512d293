#ifndef SUMSCOPE_CLIENT_CLI_SWEEPS_COMMANDS_H_
#define SUMSCOPE_CLIENT_CLI_SWEEPS_COMMANDS_H_

#include <string>

#include "client/cli/arguments/command.h"

namespace sumscope::client {

inline constexpr char kSweepArgument[] = "a sweep's id, its beginning, or @last: your latest";

// The members of `sumscope sweeps`.
void AddSweepsList(Registry* registry, Command sweeps);
void AddSweepsShow(Registry* registry, Command sweeps);
void AddSweepsWatch(Registry* registry, Command sweeps);
void AddSweepsCancel(Registry* registry, Command sweeps);
void AddSweepsRetry(Registry* registry, Command sweeps);
void AddSweepsDelete(Registry* registry, Command sweeps);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_SWEEPS_COMMANDS_H_

#ifndef SUMSCOPE_CLIENT_CLI_RUNS_COMMANDS_H_
#define SUMSCOPE_CLIENT_CLI_RUNS_COMMANDS_H_

#include "client/cli/arguments/command.h"

namespace sumscope::client {

// The members of `sumscope runs`, one file each.
void AddRunsList(Registry* registry, CLI::App* runs);
void AddRunsShow(Registry* registry, CLI::App* runs);
void AddRunsWatch(Registry* registry, CLI::App* runs);
void AddRunsLogs(Registry* registry, CLI::App* runs);
void AddRunsMetrics(Registry* registry, CLI::App* runs);
void AddRunsCancel(Registry* registry, CLI::App* runs);
void AddRunsResume(Registry* registry, CLI::App* runs);
void AddRunsRetry(Registry* registry, CLI::App* runs);
void AddRunsDelete(Registry* registry, CLI::App* runs);
void AddRunsUndelete(Registry* registry, CLI::App* runs);
void AddRunsLabel(Registry* registry, CLI::App* runs);
void AddRunsExport(Registry* registry, CLI::App* runs);
void AddRunsCompare(Registry* registry, CLI::App* runs);
void AddRunsCheckpoints(Registry* registry, CLI::App* runs);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_RUNS_COMMANDS_H_

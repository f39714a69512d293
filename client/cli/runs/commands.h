#ifndef SUMSCOPE_CLIENT_CLI_RUNS_COMMANDS_H_
#define SUMSCOPE_CLIENT_CLI_RUNS_COMMANDS_H_

#include "client/cli/arguments/command.h"

namespace sumscope::client {

// The members of `sumscope runs`, one file each.
void AddRunsList(Registry* registry, Command runs);
void AddRunsShow(Registry* registry, Command runs);
void AddRunsWatch(Registry* registry, Command runs);
void AddRunsLogs(Registry* registry, Command runs);
void AddRunsMetrics(Registry* registry, Command runs);
void AddRunsCancel(Registry* registry, Command runs);
void AddRunsHold(Registry* registry, Command runs);
void AddRunsRelease(Registry* registry, Command runs);
void AddRunsPriority(Registry* registry, Command runs);
void AddRunsResume(Registry* registry, Command runs);
void AddRunsRetry(Registry* registry, Command runs);
void AddRunsDelete(Registry* registry, Command runs);
void AddRunsUndelete(Registry* registry, Command runs);
void AddRunsLabel(Registry* registry, Command runs);
void AddRunsNote(Registry* registry, Command runs);
void AddRunsSetVisibility(Registry* registry, Command runs);
void AddRunsExport(Registry* registry, Command runs);
void AddRunsCompare(Registry* registry, Command runs);
void AddRunsCheckpoints(Registry* registry, Command runs);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_RUNS_COMMANDS_H_

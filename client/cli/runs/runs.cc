#include "client/cli/runs/commands.h"

namespace sumscope::client {

void AddRuns(Registry* registry, Command root) {
  const Command runs = registry->AddFamily(root, "runs", "Models: trained, training or imported");
  for (const auto add :
       {AddRunsList, AddRunsShow, AddRunsWatch, AddRunsLogs, AddRunsMetrics, AddRunsCancel, AddRunsHold, AddRunsRelease,
        AddRunsPriority, AddRunsResume, AddRunsRetry, AddRunsDelete, AddRunsUndelete, AddRunsLabel, AddRunsNote,
        AddRunsSetVisibility, AddRunsExport, AddRunsCheckpoints, AddRunsCompare}) {
    add(registry, runs);
  }
}

}  // namespace sumscope::client

#include "client/cli/analyses/commands.h"

namespace sumscope::client {

void AddAnalyses(Registry* registry, Command root) {
  const Command analyses = registry->AddFamily(root, "analyses", "Stored answers");
  for (const auto add : {AddAnalysesList, AddAnalysesShow, AddAnalysesExport, AddAnalysesCancel, AddAnalysesDelete}) {
    add(registry, analyses);
  }
}

}  // namespace sumscope::client

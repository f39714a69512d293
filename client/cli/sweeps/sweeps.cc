#include "client/cli/sweeps/commands.h"

namespace sumscope::client {

void AddSweeps(Registry* registry, Command root) {
  const Command sweeps = registry->AddFamily(root, "sweeps", "Sweeps: runs that differ in seeds or other fields");
  for (const auto add :
       {AddSweepsList, AddSweepsShow, AddSweepsWatch, AddSweepsCancel, AddSweepsRetry, AddSweepsDelete}) {
    add(registry, sweeps);
  }
}

}  // namespace sumscope::client

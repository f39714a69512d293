#include "client/cli/connecting/commands.h"

namespace sumscope::client {

void AddConnecting(Registry* registry, Command root) {
  for (const auto add : {AddLogin, AddLogout, AddWhoami, AddContext, AddDialStdio}) add(registry, root);
}

}  // namespace sumscope::client

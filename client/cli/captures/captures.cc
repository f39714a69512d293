#include "client/cli/captures/commands.h"

namespace sumscope::client {

void AddCaptures(Registry* registry, Command root) {
  const Command captures = registry->AddFamily(root, "captures", "Stored activations");
  for (const auto add :
       {AddCapturesList, AddCapturesShow, AddCapturesGet, AddCapturesExport, AddCapturesCancel, AddCapturesDelete}) {
    add(registry, captures);
  }
}

}  // namespace sumscope::client

#ifndef SUMSCOPE_CLIENT_CLI_CAPTURES_COMMANDS_H_
#define SUMSCOPE_CLIENT_CLI_CAPTURES_COMMANDS_H_

#include "client/cli/arguments/command.h"

namespace sumscope::client {

// The members of `sumscope captures`, one file each.
void AddCapturesList(Registry* registry, Command captures);
void AddCapturesShow(Registry* registry, Command captures);
void AddCapturesGet(Registry* registry, Command captures);
void AddCapturesExport(Registry* registry, Command captures);
void AddCapturesCancel(Registry* registry, Command captures);
void AddCapturesDelete(Registry* registry, Command captures);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_CAPTURES_COMMANDS_H_

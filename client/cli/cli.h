#ifndef SUMSCOPE_CLIENT_CLI_CLI_H_
#define SUMSCOPE_CLIENT_CLI_CLI_H_

#include <string>
#include <vector>

#include "client/cli/app/environment.h"
#include "client/cli/app/session.h"

namespace sumscope::client {

// The whole command line: parses `arguments` (without the program's name), runs the command, tells errors on stderr.
// Returns the exit code.
int RunCommandLine(const std::vector<std::string>& arguments, const Environment& environment,
                   const Dependencies& dependencies);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_CLI_H_

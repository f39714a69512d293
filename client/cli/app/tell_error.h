#ifndef SUMSCOPE_CLIENT_CLI_APP_TELL_ERROR_H_
#define SUMSCOPE_CLIENT_CLI_APP_TELL_ERROR_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "client/cli/app/exit_code.h"
#include "client/cli/app/terminal.h"

namespace sumscope::client {

// One "error: message [REASON]" on stderr.
void TellError(Terminal* terminal, absl::string_view message, absl::string_view reason);

// The same of a status that is not OK, with what it is about before it; returns its exit code.
ExitCode TellStatus(Terminal* terminal, const absl::Status& status, absl::string_view subject = "");

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_APP_TELL_ERROR_H_

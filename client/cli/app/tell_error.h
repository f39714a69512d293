#ifndef SUMSCOPE_CLIENT_CLI_APP_TELL_ERROR_H_
#define SUMSCOPE_CLIENT_CLI_APP_TELL_ERROR_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "client/cli/app/exit_code.h"
#include "client/cli/output/terminal.h"

namespace sumscope::client {

// One line "error: message [REASON]" on stderr, whatever the message repeats of what was typed, and one for the hint;
// on a terminal wrapped at their words. No token is shown.
void TellError(Terminal* terminal, absl::string_view message, absl::string_view reason, absl::string_view hint = "");

// Tells a status that is not OK, with its `subject` before it where the message does not name that itself;
// returns its exit code.
ExitCode TellStatus(Terminal* terminal, const absl::Status& status, absl::string_view subject = "");

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_APP_TELL_ERROR_H_

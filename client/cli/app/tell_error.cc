#include "client/cli/app/tell_error.h"

#include <ostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "client/backoff.h"
#include "client/cli/output/numbers.h"
#include "client/cli/output/text.h"
#include "proto/contract/errors.h"

namespace sumscope::client {

void TellError(Terminal* terminal, absl::string_view message, absl::string_view reason) {
  const char* const red = terminal->colour ? "\x1b[31m" : "";
  const char* const plain = terminal->colour ? "\x1b[0m" : "";
  *terminal->err << red << "error:" << plain << " " << EscapeText(message, /*keep_newlines=*/true);
  if (!reason.empty()) *terminal->err << " [" << EscapeText(reason) << "]";
  *terminal->err << std::endl;
}

ExitCode TellStatus(Terminal* terminal, const absl::Status& status, absl::string_view subject) {
  std::string message = absl::StrCat(subject, subject.empty() ? "" : ": ", status.message());
  if (status.message().empty()) absl::StrAppend(&message, absl::StatusCodeToString(status.code()));
  if (const absl::Duration delay = RetryDelay(status); delay > absl::ZeroDuration()) {
    absl::StrAppend(&message, " (try again in ", FormatSpan(delay), ")");
  }
  TellError(terminal, message, ErrorReason(status));
  // Somebody else's CANCELLED is no Ctrl-C.
  return absl::IsCancelled(status) ? ExitCode::kFailure : ExitCodeOf(status);
}

}  // namespace sumscope::client

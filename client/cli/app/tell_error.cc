#include "client/cli/app/tell_error.h"

#include <ostream>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "client/base/backoff.h"
#include "client/cli/app/flag_words.h"
#include "client/cli/output/hide_secrets.h"
#include "client/cli/output/numbers.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/text/terminal_text.h"

namespace sumscope::client {
namespace {

// Whether `text` has `name` as a word of its own.
bool Names(absl::string_view text, absl::string_view name) {
  const auto within_word = [](char c) { return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-'; };
  for (size_t at = text.find(name); at != absl::string_view::npos; at = text.find(name, at + 1)) {
    const size_t end = at + name.size();
    if ((at == 0 || !within_word(text[at - 1])) && (end == text.size() || !within_word(text[end]))) return true;
  }
  return false;
}

}  // namespace

void TellError(Terminal* terminal, absl::string_view message, absl::string_view reason, absl::string_view hint) {
  std::string text = absl::StrCat("error: ", EscapeText(message));
  if (!reason.empty()) absl::StrAppend(&text, " [", EscapeText(reason), "]");
  if (!hint.empty()) absl::StrAppend(&text, "\n", EscapeText(hint));
  text = FitLines(HideSecrets(text), terminal->ColumnsOfErr());
  // Colours take no room, so they come last; a terminal of less than one word has none.
  if (absl::string_view rest = text; terminal->colour && absl::ConsumePrefix(&rest, "error:")) {
    text = absl::StrCat("\x1b[31merror:\x1b[0m", rest);
  }
  *terminal->err << text << std::endl;
}

ExitCode TellStatus(Terminal* terminal, const absl::Status& status, absl::string_view subject) {
  // Most messages name what they are about themselves.
  const bool named = subject.empty() || Names(status.message(), subject.substr(subject.rfind('/') + 1));
  std::string message = absl::StrCat(named ? "" : subject, named ? "" : ": ", MessageInFlags(status));
  if (status.message().empty()) absl::StrAppend(&message, absl::StatusCodeToString(status.code()));
  if (const absl::Duration delay = RetryDelay(status); delay > absl::ZeroDuration()) {
    absl::StrAppend(&message, " (try again in ", FormatSpan(delay), ")");
  }
  TellError(terminal, message, ErrorReason(status));
  // Somebody else's CANCELLED is no Ctrl-C.
  return absl::IsCancelled(status) ? ExitCode::kFailure : ExitCodeOf(status);
}

}  // namespace sumscope::client

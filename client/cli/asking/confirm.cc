#include "client/cli/asking/confirm.h"

#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/cli/output/numbers.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/text/terminal_text.h"

namespace sumscope::client {
namespace {

constexpr absl::Duration kLong = absl::Minutes(5);

// Whether a person said yes. CANCELLED when Ctrl-C came.
absl::StatusOr<bool> SaysYes(Session& session, absl::string_view words) {
  Terminal& terminal = session.terminal();
  *terminal.err << FitLines(absl::StrCat(words, " Go on? [y/N]"), terminal.ColumnsOfErr()) << " " << std::flush;
  const std::optional<std::string> line = terminal.read_line();
  if (session.interrupted()) return absl::CancelledError("interrupted");
  const std::string answer = absl::AsciiStrToLower(absl::StripAsciiWhitespace(line.value_or("")));
  return answer == "y" || answer == "yes";
}

}  // namespace

absl::Status ConfirmLong(Session& session, absl::Duration predicted, bool yes) {
  if (predicted <= kLong) return absl::OkStatus();
  const std::string words = absl::StrCat("This takes ", AboutSpan(predicted), " of a slot's time.");
  Terminal& terminal = session.terminal();
  if (yes || !terminal.read_line) {
    session.Note(words);
    return absl::OkStatus();
  }
  SUMSCOPE_ASSIGN_OR_RETURN(const bool goes_on, SaysYes(session, words));
  if (goes_on) return absl::OkStatus();
  return MakeError(absl::StatusCode::kAborted, "NOT_CONFIRMED",
                   "nothing was asked; ask for fewer questions, or give --yes");
}

absl::Status ConfirmChange(Session& session, absl::string_view what, absl::string_view nothing, bool yes) {
  if (yes) return absl::OkStatus();
  if (!session.terminal().read_line) {
    return InvalidField("USAGE", "", absl::StrCat(nothing, ": nobody is there to be asked; give --yes. ", what));
  }
  SUMSCOPE_ASSIGN_OR_RETURN(const bool goes_on, SaysYes(session, what));
  if (goes_on) return absl::OkStatus();
  return MakeError(absl::StatusCode::kAborted, "NOT_CONFIRMED", nothing);
}

}  // namespace sumscope::client

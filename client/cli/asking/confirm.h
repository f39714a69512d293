#ifndef SUMSCOPE_CLIENT_CLI_ASKING_CONFIRM_H_
#define SUMSCOPE_CLIENT_CLI_ASKING_CONFIRM_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/cli/app/session.h"

namespace sumscope::client {

// Says how long an answer will take, where that is more than a few minutes, and asks whether to go on. Nothing is asked
// with `yes`, nor where nobody could answer: a script goes on, its log says how long. ABORTED NOT_CONFIRMED.
absl::Status ConfirmLong(Session& session, absl::Duration predicted, bool yes);

// Asks whether to go on with `what` that cannot be taken back. Nothing is asked with `yes`; where nobody could answer
// it is refused: INVALID_ARGUMENT USAGE. ABORTED NOT_CONFIRMED, saying that `nothing` came of it.
absl::Status ConfirmChange(Session& session, absl::string_view what, absl::string_view nothing, bool yes);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_ASKING_CONFIRM_H_

#ifndef SUMSCOPE_CLIENT_CLI_ASKING_CONFIRM_H_
#define SUMSCOPE_CLIENT_CLI_ASKING_CONFIRM_H_

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "client/cli/app/session.h"

namespace sumscope::client {

// Says how long an answer will take, where that is more than a few minutes, and asks whether to go on. Nothing is asked
// with `yes`, nor where nobody could answer: a script goes on, its log says how long. ABORTED NOT_CONFIRMED.
absl::Status ConfirmLong(Session& session, absl::Duration predicted, bool yes);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_ASKING_CONFIRM_H_

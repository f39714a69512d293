#ifndef SUMSCOPE_SERVER_AUTH_REFUSAL_H_
#define SUMSCOPE_SERVER_AUTH_REFUSAL_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "proto/contract/errors/errors.h"

namespace sumscope::auth {

// UNAUTHENTICATED with why. The message echoes nothing of a token.
inline absl::Status Unauthenticated(absl::string_view reason, absl::string_view message) {
  return MakeError(absl::StatusCode::kUnauthenticated, reason, message);
}

}  // namespace sumscope::auth

#endif  // SUMSCOPE_SERVER_AUTH_REFUSAL_H_

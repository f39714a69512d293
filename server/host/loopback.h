#ifndef SUMSCOPE_SERVER_HOST_LOOPBACK_H_
#define SUMSCOPE_SERVER_HOST_LOOPBACK_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace sumscope::host {

// `address` is HOST:PORT as configured; returns it with HOST as a number of 127.0.0.0/8 or [::1], so that what is bound
// is what was judged: names like 127.0.0.1.example.org are names. Of names only localhost is taken, and only where this
// machine resolves it to loopback addresses alone. INVALID_ARGUMENT CONFIG_INVALID (not HOST:PORT);
// FAILED_PRECONDITION PLAINTEXT_REFUSED.
absl::StatusOr<std::string> LoopbackAddress(const std::string& address);

// That `address` is HOST:PORT, with any host. INVALID_ARGUMENT CONFIG_INVALID.
absl::Status CheckTcpAddress(const std::string& address);

// The refusal itself.
absl::Status PlaintextRefused(const std::string& address);

}  // namespace sumscope::host

#endif  // SUMSCOPE_SERVER_HOST_LOOPBACK_H_

#ifndef SUMSCOPE_CLIENT_CONNECTION_WAYS_TLS_TLS_PROBE_H_
#define SUMSCOPE_CLIENT_CONNECTION_WAYS_TLS_TLS_PROBE_H_

#include <string>

#include "absl/time/time.h"
#include "client/connection/ways/address.h"
#include "client/connection/ways/tls/tls_files.h"

namespace sumscope::client {

// Why TLS with the server at `address` fails, in words: "its certificate has expired". "" where it does not, or where
// nothing answers at all within `timeout`. A handshake of its own, since gRPC says only that one failed; no token and
// no call is sent.
std::string WhyTlsFails(const Address& address, const TlsFiles& files, absl::Duration timeout);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CONNECTION_WAYS_TLS_TLS_PROBE_H_

#ifndef SUMSCOPE_CLIENT_CONNECTION_WAYS_TLS_TLS_WAY_H_
#define SUMSCOPE_CLIENT_CONNECTION_WAYS_TLS_TLS_WAY_H_

#include <memory>

#include "client/connection/ways/address.h"
#include "client/connection/ways/connection_options.h"
#include "client/connection/ways/way.h"

namespace sumscope::client {

// TLS 1.2 or later to host:port, whose certificate must be of that host. A token goes with each call, and never over
// anything else. Open has the errors of ReadTlsFiles; WhyLost: UNAVAILABLE TLS_FAILED.
std::unique_ptr<Way> MakeTlsWay(const ConnectionOptions& options, const Address& address);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CONNECTION_WAYS_TLS_TLS_WAY_H_

#ifndef SUMSCOPE_CLIENT_CONNECTION_WAYS_PLAIN_WAY_H_
#define SUMSCOPE_CLIENT_CONNECTION_WAYS_PLAIN_WAY_H_

#include <memory>

#include "client/connection/ways/connection_options.h"
#include "client/connection/ways/way.h"

namespace sumscope::client {

// The local socket, or a loopback port: what is said there stays on this machine.
std::unique_ptr<Way> MakePlainWay(const ConnectionOptions& options);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CONNECTION_WAYS_PLAIN_WAY_H_

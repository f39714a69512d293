#ifndef SUMSCOPE_CLIENT_CONNECTION_WAYS_SSH_SSH_WAY_H_
#define SUMSCOPE_CLIENT_CONNECTION_WAYS_SSH_SSH_WAY_H_

#include <memory>
#include <string>
#include <vector>

#include "client/base/cancellation.h"
#include "client/connection/ways/address.h"
#include "client/connection/ways/connection_options.h"
#include "client/connection/ways/way.h"

namespace sumscope::client {

// The command that reaches `address`: ssh -T [-p port] -- [user@]host sumscope dial-stdio, with options.ssh in place of
// ssh. What else ssh is to do (keys, jumps, sharing of connections), its own configuration says.
std::vector<std::string> SshCommand(const ConnectionOptions& options, const Address& address);

// gRPC over the standard streams of an ssh, one process for each channel. Open waits for the server's first words:
// UNAVAILABLE SSH_FAILED, with ssh's own, where it ends before them; CANCELLED. WhyLost: SSH_FAILED. `cancellation`
// must outlive the way.
std::unique_ptr<Way> MakeSshWay(const ConnectionOptions& options, const Address& address,
                                const Cancellation* cancellation);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CONNECTION_WAYS_SSH_SSH_WAY_H_

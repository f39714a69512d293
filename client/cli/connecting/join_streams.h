#ifndef SUMSCOPE_CLIENT_CLI_CONNECTING_JOIN_STREAMS_H_
#define SUMSCOPE_CLIENT_CLI_CONNECTING_JOIN_STREAMS_H_

#include "absl/status/status.h"
#include "client/base/cancellation.h"

namespace sumscope::client {

// Hands bytes from `in` to `socket` and from `socket` to `out`, as they come, until either side has ended. The end of
// `in` is told to the socket, which then has a moment to say the rest. Holds 64 KiB of either direction at most: who
// does not read is not read from. OK for every end of a stream, and when the user stops; INTERNAL where the system
// refuses to wait. `socket` does not block.
absl::Status JoinStreams(int in, int out, int socket, Cancellation* cancellation);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_CONNECTING_JOIN_STREAMS_H_

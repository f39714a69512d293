#ifndef SUMSCOPE_CLIENT_CONNECTION_WAYS_CHANNEL_ARGUMENTS_H_
#define SUMSCOPE_CLIENT_CONNECTION_WAYS_CHANNEL_ARGUMENTS_H_

#include "absl/time/time.h"
#include "grpcpp/support/channel_arguments.h"

namespace sumscope::client {

// What every channel to a server is made with. `elsewhere`: the other end is on another machine, which can vanish.
grpc::ChannelArguments MakeChannelArguments(absl::Duration timeout, bool elsewhere);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CONNECTION_WAYS_CHANNEL_ARGUMENTS_H_

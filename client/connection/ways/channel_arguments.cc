#include "client/connection/ways/channel_arguments.h"

#include <algorithm>

#include "proto/contract/limits.h"

namespace sumscope::client {

grpc::ChannelArguments MakeChannelArguments(absl::Duration timeout, bool elsewhere) {
  constexpr absl::Duration kLeastConnecting = absl::Seconds(20);  // gRPC's own
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(limits::kMaxMessageBytes);
  // A fresh channel connects at once instead of sharing an older one's waiting time.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  // What lies in the environment for web browsers does not decide how a server is reached.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  // A call ends by its own timeout where something listens and says nothing: no attempt to connect ends before it.
  const absl::Duration connecting = std::max(timeout, kLeastConnecting) + absl::Seconds(1);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, static_cast<int>(absl::ToInt64Milliseconds(connecting)));
  if (elsewhere) {
    // Notices a host that vanished; more often than every 5 minutes servers refuse.
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 360'000);
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  }
  return arguments;
}

}  // namespace sumscope::client

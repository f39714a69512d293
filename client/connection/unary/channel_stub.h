#ifndef SUMSCOPE_CLIENT_CONNECTION_UNARY_CHANNEL_STUB_H_
#define SUMSCOPE_CLIENT_CONNECTION_UNARY_CHANNEL_STUB_H_

#include "client/base/cancellation.h"
#include "client/connection/channel/server_channel.h"
#include "client/connection/unary/unary_stub.h"

namespace sumscope::client {

// Sends each call once, over the current channel; Cancellation ends it. Errors are the server's with their google.rpc
// details, or gRPC's.
class ChannelStub final : public UnaryStub {
 public:
  // Both must outlive the stub.
  ChannelStub(ServerChannel* channel, Cancellation* cancellation) : channel_(channel), cancellation_(cancellation) {}

  absl::Status Call(const Method& method, const google::protobuf::MessageLite& request,
                    google::protobuf::MessageLite* response, absl::Time deadline) override;

 private:
  ServerChannel* const channel_;
  Cancellation* const cancellation_;
};

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CONNECTION_UNARY_CHANNEL_STUB_H_

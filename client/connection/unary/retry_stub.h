#ifndef SUMSCOPE_CLIENT_CONNECTION_UNARY_RETRY_STUB_H_
#define SUMSCOPE_CLIENT_CONNECTION_UNARY_RETRY_STUB_H_

#include <memory>

#include "client/base/backoff.h"
#include "client/base/cancellation.h"
#include "client/connection/channel/server_channel.h"
#include "client/connection/unary/unary_stub.h"

namespace sumscope::client {

// Makes calls again after a lost connection, each time over a fresh channel, where Method::repeat allows it: for
// `call_patience` of the options, or `first_patience` while the server has not yet answered once, attempts included.
class RetryStub final : public UnaryStub {
 public:
  // All three must outlive the stub.
  RetryStub(std::unique_ptr<UnaryStub> next, ServerChannel* channel, Sleeper* sleeper, Cancellation* cancellation);

  absl::Status Call(const Method& method, const google::protobuf::MessageLite& request,
                    google::protobuf::MessageLite* response, absl::Time deadline) override;

 private:
  const std::unique_ptr<UnaryStub> next_;
  ServerChannel* const channel_;
  Sleeper* const sleeper_;
  Cancellation* const cancellation_;
};

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CONNECTION_UNARY_RETRY_STUB_H_

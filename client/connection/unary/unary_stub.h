#ifndef SUMSCOPE_CLIENT_CONNECTION_UNARY_UNARY_STUB_H_
#define SUMSCOPE_CLIENT_CONNECTION_UNARY_UNARY_STUB_H_

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "google/protobuf/message_lite.h"

namespace sumscope::client {

// Why a call may be made again after a connection was lost, which leaves open whether the server heard the first one.
enum class Repeat {
  kRead,       // it changes nothing
  kSameTwice,  // it changes to what the request says, the second time to the same
  kRequestId,  // it makes something, and the server makes it once for each request_id
  kNever,      // it may not: the second call could do something else, or be refused though the first one worked
};

// A row of the table in methods.h.
struct Method {
  const char* path;  // /sumscope.v1.RunService/GetRun
  Repeat repeat;
};

// The one way of unary calls to the server: ChannelStub sends them, decorators wrap it and each other, and each adds
// one thing. Confined to one thread.
class UnaryStub {
 public:
  virtual ~UnaryStub() = default;

  // Calls `method`, which takes `request` and answers with a message of the type of `*response`. All attempts together
  // end by `deadline`. `*response` is the answer only where this returns OK.
  virtual absl::Status Call(const Method& method, const google::protobuf::MessageLite& request,
                            google::protobuf::MessageLite* response, absl::Time deadline) = 0;
};

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CONNECTION_UNARY_UNARY_STUB_H_

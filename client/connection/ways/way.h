#ifndef SUMSCOPE_CLIENT_CONNECTION_WAYS_WAY_H_
#define SUMSCOPE_CLIENT_CONNECTION_WAYS_WAY_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace grpc {
class Channel;
}  // namespace grpc

namespace sumscope::client {

// How a server is reached: the local socket or plain loopback, TLS, ssh. ServerChannel owns one. Confined to one
// thread, but for what a Cancellation does.
class Way {
 public:
  virtual ~Way() = default;

  // A fresh channel. One that tells no state is connected already, or this says within `timeout` why not:
  // DEADLINE_EXCEEDED without a reason where nothing was heard. Errors that no other attempt would mend, like a file
  // that cannot be used, have a reason.
  virtual absl::StatusOr<std::shared_ptr<grpc::Channel>> Open(absl::Duration timeout) = 0;

  // Whether its channels can be asked for their state.
  virtual bool tells_state() const { return true; }

  // What the way itself knows of why the last channel was lost, or never connected; OK where that is nothing.
  virtual absl::Status WhyLost() { return absl::OkStatus(); }
};

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CONNECTION_WAYS_WAY_H_

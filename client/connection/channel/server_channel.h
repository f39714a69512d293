#ifndef SUMSCOPE_CLIENT_CONNECTION_CHANNEL_SERVER_CHANNEL_H_
#define SUMSCOPE_CLIENT_CONNECTION_CHANNEL_SERVER_CHANNEL_H_

#include <memory>

#include "absl/status/status.h"
#include "client/base/cancellation.h"
#include "client/connection/channel/connection_options.h"

namespace grpc {
class Channel;
}  // namespace grpc

namespace sumscope::client {

// The way to one server: a gRPC channel, replaced after each loss since one that failed waits on a clock of its own.
// Remembers whether the server has answered yet, and says in people's words why a call failed. Unary stubs and streams
// share it; the connection owns it. Confined to one thread.
class ServerChannel {
 public:
  // Connects at the first call. `cancellation` must outlive the channel.
  ServerChannel(ConnectionOptions options, const Cancellation* cancellation);

  const ConnectionOptions& options() const { return options_; }
  const std::shared_ptr<grpc::Channel>& current() const { return current_; }
  // Replaces the current channel by a fresh one, which connects at once.
  void Reconnect();

  // Whether the server was there at least once.
  bool answered() const { return answered_; }
  void NoteAnswer() { answered_ = true; }

  // The error that a command shows for a call or stream that ended with `status`: the server's own where it gave a
  // reason, else SERVER_UNREACHABLE, NOT_A_SUMSCOPE_SERVER, SERVER_SILENT, CALL_TIMED_OUT or NO_REASON_GIVEN. CANCELLED
  // when the user wants to stop. Looks at the current channel, so it comes before a Reconnect.
  absl::Status Explain(const absl::Status& status) const;

 private:
  const ConnectionOptions options_;
  const Cancellation* const cancellation_;
  std::shared_ptr<grpc::Channel> current_;
  bool answered_ = false;
};

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CONNECTION_CHANNEL_SERVER_CHANNEL_H_

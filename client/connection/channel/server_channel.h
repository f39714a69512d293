#ifndef SUMSCOPE_CLIENT_CONNECTION_CHANNEL_SERVER_CHANNEL_H_
#define SUMSCOPE_CLIENT_CONNECTION_CHANNEL_SERVER_CHANNEL_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/base/cancellation.h"
#include "client/connection/ways/connection_options.h"
#include "client/connection/ways/way.h"

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
  ~ServerChannel();

  const ConnectionOptions& options() const { return options_; }

  // Makes a channel where there is none. Errors of Way::Open; UNAUTHENTICATED TOKEN_OVER_PLAINTEXT; INVALID_ARGUMENT
  // SERVER_ADDRESS_INVALID.
  absl::Status Open(absl::Duration timeout);
  // Open, and waits until it has connected or failed to, which a call tells better. DEADLINE_EXCEEDED where nothing is
  // said for `timeout`.
  absl::Status Connect(absl::Duration timeout);
  // After Open.
  const std::shared_ptr<grpc::Channel>& current() const { return current_; }
  // Drops the current channel: the next Open makes a fresh one, which connects at once.
  void Reconnect() { current_.reset(); }

  // Whether the server was there at least once.
  bool answered() const { return answered_; }
  void NoteAnswer() { answered_ = true; }
  // Whether the last Open failed where nothing had ever answered: another attempt would fail in the same way, and could
  // ask a person for a password once more.
  bool hopeless() const { return hopeless_; }

  // The error that a command shows for a call or stream that ended with `status`: the server's own where it gave a
  // reason, else what the way knows (TLS_FAILED, SSH_FAILED), SERVER_UNREACHABLE, NOT_A_SUMSCOPE_SERVER, SERVER_SILENT,
  // CALL_TIMED_OUT or NO_REASON_GIVEN. CANCELLED when the user wants to stop. Looks at the current channel, so it comes
  // before a Reconnect.
  absl::Status Explain(const absl::Status& status);

 private:
  bool IsConnected() const;

  const ConnectionOptions options_;
  const Cancellation* const cancellation_;
  const absl::StatusOr<std::unique_ptr<Way>> way_;
  std::shared_ptr<grpc::Channel> current_;  // ends before its way
  bool answered_ = false;
  bool hopeless_ = false;
};

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CONNECTION_CHANNEL_SERVER_CHANNEL_H_

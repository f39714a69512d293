#ifndef SUMSCOPE_CLIENT_CONNECTION_STREAMS_STREAM_KEEPER_H_
#define SUMSCOPE_CLIENT_CONNECTION_STREAMS_STREAM_KEEPER_H_

#include <functional>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "client/base/backoff.h"
#include "client/base/cancellation.h"
#include "client/connection/channel/grpc_status.h"
#include "client/connection/channel/server_channel.h"
#include "grpcpp/grpcpp.h"
#include "proto/contract/errors/status_macros.h"

namespace sumscope::client {

// A stream that ended well but without its end mark: as good as a lost one.
inline absl::Status EndedEarly() { return absl::UnavailableError("the stream ended before its end mark"); }

// Keeps streams going over lost connections: makes one attempt after the other, each over a fresh channel, until one
// gets to its end, the server refuses it, the user stops or `stream_patience` of the options is used up since something
// came. What an attempt asks for, so that it goes on where the last one broke, is its own business. Confined to one
// thread.
class StreamKeeper {
 public:
  // All three must outlive the keeper.
  StreamKeeper(ServerChannel* channel, Sleeper* sleeper, Cancellation* cancellation);

  // Told when a stream lost its server, before each new attempt.
  void set_on_reconnect(std::function<void(const absl::Status&)> observer) { on_reconnect_ = std::move(observer); }

  // `attempt(&moved)` makes one attempt, by Read or Write, and returns OK only at the stream's end.
  absl::Status Keep(const std::function<absl::Status(bool* moved)>& attempt);

  // For attempts: `open(channel, &context)` gives a reader, whose messages go to `on_message` one by one. OK only where
  // the server said OK; an error of `on_message` ends the stream and, whatever its code, is what Keep returns.
  template <typename Message, typename Open>
  absl::Status Read(const Open& open, const std::function<absl::Status(const Message&)>& on_message, bool* moved);

  // For attempts: `open(channel, &context)` gives a writer, and `send(write)` hands messages to `write` until that says
  // no or all are written. A server that refuses them ends the stream early, and the status says why; an error of
  // `send` cancels the stream and is returned.
  template <typename Message, typename Open>
  absl::Status Write(const Open& open,
                     const std::function<absl::Status(const std::function<bool(const Message&)>& write)>& send);

 private:
  ServerChannel* const channel_;
  Sleeper* const sleeper_;
  Cancellation* const cancellation_;
  std::function<void(const absl::Status&)> on_reconnect_;
  absl::Status refused_;  // what a callback of Read said
};

template <typename Message, typename Open>
absl::Status StreamKeeper::Read(const Open& open, const std::function<absl::Status(const Message&)>& on_message,
                                bool* moved) {
  grpc::ClientContext context;
  const Cancellation::Scope scope(cancellation_, [&context] { context.TryCancel(); });
  const std::unique_ptr<grpc::ClientReader<Message>> reader = open(channel_->current(), &context);
  Message message;
  while (refused_.ok() && reader->Read(&message)) {
    *moved = true;
    refused_ = on_message(message);
  }
  if (!refused_.ok()) context.TryCancel();
  const absl::Status status = FromGrpc(reader->Finish());
  return refused_.ok() ? status : refused_;
}

template <typename Message, typename Open>
absl::Status StreamKeeper::Write(
    const Open& open, const std::function<absl::Status(const std::function<bool(const Message&)>& write)>& send) {
  grpc::ClientContext context;
  const Cancellation::Scope scope(cancellation_, [&context] { context.TryCancel(); });
  const std::unique_ptr<grpc::ClientWriter<Message>> writer = open(channel_->current(), &context);
  const absl::Status sent = send([this, &writer](const Message& message) {
    const bool taken = writer->Write(message);
    // There is a server: one that goes away in the middle of a long file is waited for as any is that was there.
    if (taken) channel_->NoteAnswer();
    return taken;
  });
  if (!sent.ok()) context.TryCancel();
  writer->WritesDone();
  const absl::Status status = FromGrpc(writer->Finish());
  SUMSCOPE_RETURN_IF_ERROR(sent);
  return status;
}

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CONNECTION_STREAMS_STREAM_KEEPER_H_

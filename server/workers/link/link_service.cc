#include "server/workers/link/link_service.h"

#include <exception>
#include <string>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "google/rpc/status.pb.h"
#include "proto/contract/errors/errors.h"

namespace sumscope::workers {
namespace {

grpc::Status ToGrpc(const absl::Status& unnamed) {
  if (unnamed.ok()) return grpc::Status::OK;
  const absl::Status status = WithReason(unnamed);
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), std::string(status.message()),
                      ToRpcStatus(status).SerializeAsString());
}

}  // namespace

LinkService::LinkService(LinkHost* host, transport::ConnectionTable* connections, Clock* clock)
    : host_(host), connections_(connections), clock_(clock) {}

grpc::Status LinkService::Connect(grpc::ServerContext* context, StreamLink::Stream* stream) {
  const uint64_t connection = connections_->CallBegan(context->peer());
  const absl::Cleanup call_ends = [&] { connections_->CallEnded(connection); };
  return ToGrpc(Serve(context, stream));
}

bool LinkService::ReadFirst(grpc::ServerContext* context, StreamLink::Stream* stream,
                            worker::v1::WorkerMessage* message) {
  {
    MutexLock lock(&mutex_);
    silent_[context] = clock_->Monotonic();
  }
  const absl::Cleanup heard = [&] {
    MutexLock lock(&mutex_);
    silent_.erase(context);
  };
  return stream->Read(message);
}

absl::Status LinkService::Serve(grpc::ServerContext* context, StreamLink::Stream* stream) {
  worker::v1::WorkerMessage message;
  if (!ReadFirst(context, stream, &message) || !message.has_hello()) {
    return MakeError(absl::StatusCode::kInvalidArgument, "HELLO_EXPECTED", "a worker says hello first");
  }

  StreamLink link(context, stream);
  const worker::v1::Hello hello = std::move(*message.mutable_hello());
  const LaunchId launch{hello.slot(), hello.generation()};
  if (const absl::Status admitted = host_->Admit(hello, &link); !admitted.ok()) return admitted;
  absl::Status status;
  try {
    link.Start();
    host_->OnLinked(hello);
    while (stream->Read(&message)) host_->OnLinkMessage(launch, std::move(message));
  } catch (const std::exception& error) {  // no thread, no memory: the host must not keep a link that is gone
    status = MakeError(absl::StatusCode::kInternal, "LINK_FAILED",
                       absl::StrCat("the server failed at the worker's link: ", error.what()));
  }
  host_->OnLinkEnded(launch, link.Close());
  return status;
}

void LinkService::BreakSilentStreams(absl::Duration patience) {
  const absl::Duration now = clock_->Monotonic();
  MutexLock lock(&mutex_);
  for (const auto& [context, came] : silent_) {
    if (now - came > patience) context->TryCancel();
  }
}

}  // namespace sumscope::workers

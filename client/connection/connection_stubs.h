#ifndef SUMSCOPE_CLIENT_CONNECTION_CONNECTION_STUBS_H_
#define SUMSCOPE_CLIENT_CONNECTION_CONNECTION_STUBS_H_

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include "client/connection/connection.h"
#include "client/connection/grpc_status.h"
#include "grpcpp/grpcpp.h"
#include "sumscope/v1/activations.grpc.pb.h"
#include "sumscope/v1/analyses.grpc.pb.h"
#include "sumscope/v1/facts.grpc.pb.h"
#include "sumscope/v1/question_sets.grpc.pb.h"
#include "sumscope/v1/runs.grpc.pb.h"
#include "sumscope/v1/system.grpc.pb.h"

// Private to connection*.cc.
namespace sumscope::client {

// One channel and its stubs. A new one is made after each loss: a channel that failed waits on its own clock.
struct Connection::Stubs {
  explicit Stubs(const ConnectionOptions& options);

  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<v1::RunService::Stub> runs;
  std::unique_ptr<v1::AnalysisService::Stub> analyses;
  std::unique_ptr<v1::QuestionSetService::Stub> question_sets;
  std::unique_ptr<v1::CaptureService::Stub> captures;
  std::unique_ptr<v1::FactService::Stub> facts;
  std::unique_ptr<v1::SystemService::Stub> system;
};

template <typename Service, typename Request, typename Response>
absl::StatusOr<Response> Connection::Call(Repeat repeat, std::unique_ptr<Service> Stubs::*service,
                                          Method<Service, Request, Response> method, const Request& request) {
  // The timeout is of all attempts together.
  const auto deadline = std::chrono::system_clock::now() + absl::ToChronoMilliseconds(options_.timeout);
  Backoff backoff(sleeper_, std::min(answered_ ? options_.call_patience : options_.first_patience, options_.timeout));
  while (true) {
    const absl::Time begun = sleeper_->Now();
    grpc::ClientContext context;
    context.set_deadline(deadline);
    Response response;
    absl::Status status;
    {
      const Cancellation::Scope scope(cancellation_, [&context] { context.TryCancel(); });
      status = FromGrpc(((*((*stubs_).*service)).*method)(&context, request, &response));
    }
    if (status.ok()) {
      answered_ = true;
      return response;
    }
    if (repeat == Repeat::kNo || status.code() != absl::StatusCode::kUnavailable || cancellation_->cancelled() ||
        !backoff.Wait(status, sleeper_->Now() - begun)) {
      return Explain(status);
    }
    Reconnect();
  }
}

template <typename Message, typename Open>
absl::Status Connection::ReadStream(Open open, const std::function<absl::Status(const Message&)>& on_message,
                                    bool* moved) {
  grpc::ClientContext context;
  const Cancellation::Scope scope(cancellation_, [&context] { context.TryCancel(); });
  const std::unique_ptr<grpc::ClientReader<Message>> reader = open(*stubs_, &context);
  Message message;
  while (refused_.ok() && reader->Read(&message)) {
    *moved = true;
    refused_ = on_message(message);
  }
  if (!refused_.ok()) context.TryCancel();
  const absl::Status status = FromGrpc(reader->Finish());
  return refused_.ok() ? status : refused_;
}

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CONNECTION_CONNECTION_STUBS_H_

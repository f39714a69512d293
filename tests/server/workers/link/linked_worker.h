#ifndef SUMSCOPE_TESTS_SERVER_WORKERS_LINK_LINKED_WORKER_H_
#define SUMSCOPE_TESTS_SERVER_WORKERS_LINK_LINKED_WORKER_H_

#include <chrono>
#include <memory>

#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"
#include "proto/contract/base/clock.h"
#include "server/workers/link/link_service.h"

namespace sumscope::workers {

// A link service of `host` in this process, and a worker of slot cpu0 that has said hello to it.
class LinkedWorker {
 public:
  explicit LinkedWorker(LinkHost* host) : service_(host, &connections_, Clock::Real()) {
    grpc::ServerBuilder builder;
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    stub_ = worker::v1::WorkerLink::NewStub(server_->InProcessChannel({}));
    context_.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    stream_ = stub_->Connect(&context_);
    worker::v1::WorkerMessage hello;
    hello.mutable_hello()->set_slot("cpu0");
    EXPECT_TRUE(stream_->Write(hello));
  }

  grpc::ClientContext& context() { return context_; }
  grpc::ClientReaderWriter<worker::v1::WorkerMessage, worker::v1::ServerMessage>& stream() { return *stream_; }
  void Shutdown() { server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(10)); }

 private:
  transport::ConnectionTable connections_{{10, absl::Hours(1)}, Clock::Real()};
  LinkService service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<worker::v1::WorkerLink::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<worker::v1::WorkerMessage, worker::v1::ServerMessage>> stream_;
};

}  // namespace sumscope::workers

#endif  // SUMSCOPE_TESTS_SERVER_WORKERS_LINK_LINKED_WORKER_H_

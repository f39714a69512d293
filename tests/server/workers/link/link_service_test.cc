#include "server/workers/link/link_service.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <new>

#include "gtest/gtest.h"

namespace sumscope::workers {
namespace {

// Has no memory left as soon as it has admitted a worker.
class FailingHost final : public LinkHost {
 public:
  absl::Status Admit(const worker::v1::Hello&, WorkerLink* link) override {
    link_ = link;
    return absl::OkStatus();
  }
  void OnLinked(const worker::v1::Hello&) override { throw std::bad_alloc(); }
  void OnLinkMessage(const LaunchId&, worker::v1::WorkerMessage) override {}
  void OnLinkEnded(const LaunchId&, const absl::Status&) override {
    link_.load()->SendShutdown();  // it is still there
    link_ = nullptr;
  }
  bool holds_a_link() const { return link_ != nullptr; }

 private:
  std::atomic<WorkerLink*> link_{nullptr};
};

// An exception, of a thread that could not be had too, left the host with a link that was gone.
TEST(LinkService_Test, WhenSomethingIsThrownThenTheHostIsToldOfTheLinksEnd) {
  FailingHost host;
  transport::ConnectionTable connections({10, absl::Hours(1)}, Clock::Real());
  LinkService service(&host, &connections, Clock::Real());
  grpc::ServerBuilder builder;
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  const auto stub = worker::v1::WorkerLink::NewStub(server->InProcessChannel({}));
  grpc::ClientContext context;
  const auto stream = stub->Connect(&context);
  worker::v1::WorkerMessage hello;
  hello.mutable_hello()->set_slot("cpu0");
  ASSERT_TRUE(stream->Write(hello));
  EXPECT_FALSE(stream->Finish().ok());
  server->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(10));
  EXPECT_FALSE(host.holds_a_link());
}

}  // namespace
}  // namespace sumscope::workers

#include "server/workers/link/link_service.h"

#include <atomic>
#include <new>

#include "gtest/gtest.h"
#include "tests/server/workers/link/linked_worker.h"

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
  LinkedWorker worker(&host);
  EXPECT_FALSE(worker.stream().Finish().ok());
  worker.Shutdown();
  EXPECT_FALSE(host.holds_a_link());
}

}  // namespace
}  // namespace sumscope::workers

#include "server/workers/link/stream_link.h"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "server/workers/link/link_service.h"

namespace sumscope::workers {
namespace {

// Has much to say before the writer starts.
class TalkativeHost final : public LinkHost {
 public:
  absl::Status Admit(const worker::v1::Hello&, WorkerLink* link) override {
    for (const char* const id : {"a", "b", "c"}) {
      worker::v1::Task task;
      task.set_task_id(id);
      link->SendTask(task, std::nullopt);
    }
    link->SendAck("a", 3);
    link->SendAck("b", 5);
    link->SendAck("a", 4);
    link->SendAck("c", 7);
    link->SendStop("a");
    link->SendCancel("b");
    link->SendCancel("c");
    link->EndTask("c");
    link->SendStop("c");
    return absl::OkStatus();
  }
  void OnLinked(const worker::v1::Hello&) override {}
  void OnLinkMessage(const LaunchId&, worker::v1::WorkerMessage) override {}
  void OnLinkEnded(const LaunchId&, const absl::Status&) override {}
};

std::string Text(const worker::v1::ServerMessage& message) {
  if (message.has_ack()) return absl::StrCat("ack ", message.ack().task_id(), " ", message.ack().sequence());
  if (message.has_task()) return absl::StrCat("task ", message.task().task_id());
  if (message.has_cancel()) return absl::StrCat("cancel ", message.cancel().task_id());
  if (message.has_stop()) return absl::StrCat("stop ", message.stop().task_id());
  return message.has_welcome() ? "welcome" : "other";
}

TEST(StreamLink_Test, SeveralTasksWaitThenEachHasItsOwnMessages) {
  TalkativeHost host;
  transport::ConnectionTable connections({10, absl::Hours(1)}, Clock::Real());
  LinkService service(&host, &connections, Clock::Real());
  grpc::ServerBuilder builder;
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  const auto stub = worker::v1::WorkerLink::NewStub(server->InProcessChannel({}));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
  const auto stream = stub->Connect(&context);
  worker::v1::WorkerMessage hello;
  hello.mutable_hello()->set_slot("cpu0");
  ASSERT_TRUE(stream->Write(hello));

  const std::vector<std::string> expected = {"welcome", "ack c 7", "ack a 4", "ack b 5",
                                             "task a",  "stop a",  "task b",  "cancel b"};
  std::vector<std::string> heard;
  worker::v1::ServerMessage message;
  while (heard.size() < expected.size() && stream->Read(&message)) heard.push_back(Text(message));
  EXPECT_EQ(heard, expected);
  context.TryCancel();
  EXPECT_FALSE(stream->Finish().ok());
  server->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(10));
}

}  // namespace
}  // namespace sumscope::workers

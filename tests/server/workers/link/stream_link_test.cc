#include "server/workers/link/stream_link.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/server/workers/link/linked_worker.h"

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
  LinkedWorker worker(&host);

  const std::vector<std::string> expected = {"welcome", "ack c 7", "ack a 4", "ack b 5",
                                             "task a",  "stop a",  "task b",  "cancel b"};
  std::vector<std::string> heard;
  worker::v1::ServerMessage message;
  while (heard.size() < expected.size() && worker.stream().Read(&message)) heard.push_back(Text(message));
  EXPECT_EQ(heard, expected);
  worker.context().TryCancel();
  EXPECT_FALSE(worker.stream().Finish().ok());
  worker.Shutdown();
}

}  // namespace
}  // namespace sumscope::workers

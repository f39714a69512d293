#include <string>
#include <vector>

#include "proto/contract/errors/errors.h"
#include "tests/server/workers/pool/slot_fixture.h"

namespace sumscope::workers {
namespace {

// A slot that takes two tasks, with a worker.
class SlotTasks_Test : public SlotFixture {
 protected:
  SlotTasks_Test() : SlotFixture({"cpu0", "cpu", 2, /*capacity=*/2}) {}
  void SetUp() override { LaunchAndLink(); }
  std::string ReasonToRefuse(const std::string& id) {
    worker::v1::Task task;
    task.set_task_id(id);
    return ErrorReason(slot_.Assign(task, std::nullopt));
  }
  std::vector<std::string> LostIds() {
    std::vector<std::string> ids;
    for (const SlotSupervisor::LostTask& lost : End()) ids.push_back(lost.task_id);
    return ids;
  }
};

TEST_F(SlotTasks_Test, SlotIsFullThenAssignIsRefusedUntilATaskIsOver) {
  AssignTask("a");
  EXPECT_EQ(slot_.Describe().state(), "BUSY");
  AssignTask("b");
  EXPECT_EQ(ReasonToRefuse("c"), "SLOT_NOT_IDLE");
  slot_.Finish("a");
  EXPECT_FALSE(slot_.HasTask("a"));
  EXPECT_TRUE(slot_.HasTask("b"));
  EXPECT_EQ(ReasonToRefuse("c"), "SLOT_NOT_IDLE") << "its listener has not heard of the end yet";
  EXPECT_TRUE(slot_.BecomeIdle());
  EXPECT_EQ(slot_.Describe().state(), "BUSY");
  EXPECT_EQ(slot_.Describe().job(), "b");
  AssignTask("c");
  EXPECT_EQ(link_.sent, (std::vector<std::string>{"task a", "task b", "task c"}));
}

TEST_F(SlotTasks_Test, OneTaskObeysItsCancelThenTheOtherHasItsOwnTime) {
  AssignTask("a");
  AssignTask("b");
  slot_.Cancel("a", now_);
  PassWithHeartbeats(limits::kCancelGrace - absl::Seconds(1));
  slot_.Cancel("b", now_);
  slot_.Finish("a");
  EXPECT_TRUE(slot_.BecomeIdle());
  PassWithHeartbeats(limits::kCancelGrace - absl::Seconds(1));
  EXPECT_EQ(process_.signals, Signals{});
  PassWithHeartbeats(absl::Seconds(1));
  EXPECT_EQ(process_.signals, Signals{"TERM"});
  EXPECT_EQ(LostIds(), std::vector<std::string>{"b"});
}

TEST_F(SlotTasks_Test, TwoTasksHaveDeadlinesThenTheEarlierEndsTheWorkerOfBoth) {
  AssignTask("a");
  AssignTask("b");
  slot_.Stop("a", absl::Hours(1), now_);
  slot_.Cancel("b", now_);
  PassWithHeartbeats(limits::kCancelGrace);
  EXPECT_EQ(process_.signals, Signals{"TERM"});
  PassWithHeartbeats(absl::Hours(1));
  EXPECT_EQ(process_.signals, (Signals{"TERM", "KILL"})) << "once is enough";
  EXPECT_EQ(LostIds(), (std::vector<std::string>{"a", "b"}));
}

TEST_F(SlotTasks_Test, WorkerEndsThenEachOfItsTasksIsLostOnce) {
  AssignTask("a");
  AssignTask("b");
  EXPECT_EQ(LostIds(), (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(slot_.TakeLostTasks().empty());
  EXPECT_FALSE(slot_.HasTask("a"));
}

TEST_F(SlotTasks_Test, AnotherWorkerComesThenItHasEveryPlace) {
  AssignTask("a");
  EXPECT_EQ(End().size(), 1u);
  Pass(limits::kRestartDelayFirst);
  EXPECT_EQ(ReasonToRefuse("b"), "SLOT_NOT_IDLE");
  LaunchAndLink();
  AssignTask("b");
  AssignTask("c");
  EXPECT_EQ(ReasonToRefuse("d"), "SLOT_NOT_IDLE");
}

}  // namespace
}  // namespace sumscope::workers

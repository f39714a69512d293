// What every WorkerPool promises (server/workers/worker_pool.h): the one of processes, and the fake that stands for it
// in the tests of server/jobs.
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/limits.h"
#include "tests/server/workers/contract/contract_pools.h"

namespace sumscope::workers {
namespace {

using testing::ElementsAre;
using worker::v1::Finished;

std::unique_ptr<ContractPool> MakeLocal() { return std::make_unique<LocalContractPool>(); }
std::unique_ptr<ContractPool> MakeFake() { return std::make_unique<FakeContractPool>(); }

class PoolContract_Test : public testing::TestWithParam<std::unique_ptr<ContractPool> (*)()> {
 protected:
  PoolContract_Test() : under_test_(GetParam()()) {}

  void SetUp() override {
    ASSERT_TRUE(under_test_->Start().ok());
    ASSERT_TRUE(listener().Await("idle", 2));
  }
  void TearDown() override {
    pool().Shutdown();
    for (const std::string& task_id : assigned_) EXPECT_EQ(EndsOf(task_id), 1) << task_id;
    for (const char* slot : {"cpu0", "cpu1"}) ExpectOrder(slot);
  }

  WorkerPool& pool() { return under_test_->pool(); }
  RecordingListener& listener() { return under_test_->listener(); }

  absl::Status Assign(const std::string& slot, const std::string& task_id,
                      std::optional<TaskTensors> tensors = std::nullopt) {
    worker::v1::Task task;
    task.set_task_id(task_id);
    task.mutable_train();
    const absl::Status status = pool().Assign(slot, task, std::move(tensors));
    if (status.ok()) assigned_.insert(task_id);
    return status;
  }
  v1::Slot SlotOf(const std::string& name) {
    for (const v1::Slot& slot : pool().Slots()) {
      if (slot.name() == name) return slot;
    }
    return {};
  }
  std::vector<Heard> HeardOf(const std::string& slot) {
    std::vector<Heard> all;
    for (Heard& heard : listener().All()) {
      if (heard.slot == slot) all.push_back(std::move(heard));
    }
    return all;
  }
  // What was heard of the slot, without what its workers say of a task under way.
  std::vector<std::string> TurnsOf(const std::string& slot) {
    static const auto* const kTurns = new std::set<std::string>{"hello", "idle", "finished", "lost"};
    std::vector<std::string> turns;
    for (const Heard& heard : HeardOf(slot)) {
      if (kTurns->count(heard.what) > 0) turns.push_back(heard.what);
    }
    return turns;
  }
  int EndsOf(const std::string& task_id) {
    int ends = 0;
    for (const Heard& heard : listener().All()) {
      ends += heard.what == "finished" && heard.message.task_id() == task_id;
      ends += heard.what == "lost" && heard.task_id == task_id;
    }
    return ends;
  }

  const std::unique_ptr<ContractPool> under_test_;

 private:
  // Hello, idle, the messages of one task in order, its end, idle again.
  void ExpectOrder(const std::string& slot) {
    bool here = false, idle = false;
    std::string task;
    uint64_t sequence = 0;
    for (const Heard& heard : HeardOf(slot)) {
      SCOPED_TRACE(slot + ": " + heard.what);
      if (heard.what == "hello") {
        EXPECT_EQ(heard.message.task_id(), "");
        EXPECT_EQ(heard.message.hello().secret(), "");
        EXPECT_EQ(task, "") << "another worker is there before the task was told lost";
        here = true;
        idle = false;
      } else if (heard.what == "idle") {
        EXPECT_TRUE(here) << "no hello came before";
        EXPECT_FALSE(idle) << "it was idle already";
        EXPECT_EQ(task, "");
        idle = true;
      } else if (heard.what == "lost") {
        EXPECT_TRUE(task.empty() || task == heard.task_id);
        task.clear();
        here = idle = false;
      } else {
        if (task.empty()) {
          EXPECT_TRUE(idle) << "it was not idle before the task";
          task = heard.message.task_id();
          sequence = 0;
          idle = false;
        }
        EXPECT_EQ(heard.message.task_id(), task);
        EXPECT_EQ(heard.message.sequence(), ++sequence);
        if (heard.what == "finished") task.clear();
      }
    }
  }

  std::set<std::string> assigned_;
};

TEST_P(PoolContract_Test, StartedThenEachWorkerSaysHelloAndIsIdle) {
  for (const char* slot : {"cpu0", "cpu1"}) {
    EXPECT_THAT(TurnsOf(slot), ElementsAre("hello", "idle"));
    EXPECT_EQ(HeardOf(slot).front().message.hello().slot(), slot);
  }
}

TEST_P(PoolContract_Test, TaskIsFinishedThenTheSameWorkerTakesTheNext) {
  ASSERT_TRUE(Assign("cpu0", "t1").ok());
  under_test_->FinishTask("cpu0", "t1");
  ASSERT_TRUE(listener().Await("idle", 3));
  EXPECT_EQ(listener().Last("finished").message.task_id(), "t1");
  ASSERT_TRUE(Assign("cpu0", "t2").ok());
  under_test_->FinishTask("cpu0", "t2");
  ASSERT_TRUE(listener().Await("idle", 4));
  EXPECT_THAT(TurnsOf("cpu0"), ElementsAre("hello", "idle", "finished", "idle", "finished", "idle"));
}

TEST_P(PoolContract_Test, SlotHasATaskThenItTakesNoOther) {
  ASSERT_TRUE(Assign("cpu0", "t1").ok());
  const absl::Status refused = Assign("cpu0", "t2");
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ErrorReason(refused), "SLOT_NOT_IDLE");
  EXPECT_TRUE(Assign("cpu1", "t3").ok()) << "the other slot is idle";
  under_test_->FinishTask("cpu0", "t1");
  ASSERT_TRUE(listener().Await("idle", 3));
  EXPECT_EQ(EndsOf("t1"), 1);
  EXPECT_EQ(EndsOf("t2"), 0);
}

TEST_P(PoolContract_Test, ThereIsNoSuchSlotThenItTakesNoTask) {
  EXPECT_EQ(ErrorReason(Assign("cpu7", "t1")), "SLOT_NOT_FOUND");
  EXPECT_EQ(EndsOf("t1"), 0);
}

TEST_P(PoolContract_Test, TaskHasTensorsThenTheyAreReadInOrderAndArrive) {
  constexpr uint64_t kBytes = (3 << 20) + 5;
  uint64_t expected_offset = 0;
  TaskTensors tensors;
  tensors.data_bytes = kBytes;
  tensors.read = [&expected_offset](uint64_t offset, uint64_t length) -> absl::StatusOr<std::string> {
    EXPECT_EQ(offset, expected_offset);
    EXPECT_LE(length, limits::kMaxChunkBytes);
    expected_offset += length;
    return std::string(length, 'x');
  };
  ASSERT_TRUE(Assign("cpu0", "t1", tensors).ok());
  EXPECT_EQ(under_test_->TensorBytes(), kBytes);
  under_test_->FinishTask("cpu0", "t1");
  ASSERT_TRUE(listener().Await("finished"));
  EXPECT_EQ(expected_offset, kBytes);
}

TEST_P(PoolContract_Test, TensorsCannotBeReadThenTheTaskIsLost) {
  TaskTensors tensors;
  tensors.data_bytes = 8;
  tensors.read = [](uint64_t, uint64_t) -> absl::StatusOr<std::string> { return absl::DataLossError("bad sector"); };
  ASSERT_TRUE(Assign("cpu0", "t1", tensors).ok());
  ASSERT_TRUE(listener().Await("idle", 3));
  EXPECT_THAT(TurnsOf("cpu0"), ElementsAre("hello", "idle", "lost", "hello", "idle"));
  EXPECT_EQ(listener().Last("lost").task_id, "t1");
  EXPECT_EQ(listener().Last("lost").reason, "TENSORS_UNREADABLE");
  EXPECT_TRUE(absl::StrContains(listener().Last("lost").detail, "bad sector"));
}

TEST_P(PoolContract_Test, WorkerDiesThenItsTaskIsLostAndTheNextWorkerTakesOne) {
  ASSERT_TRUE(Assign("cpu0", "t1").ok());
  under_test_->KillWorker("cpu0");
  ASSERT_TRUE(listener().Await("idle", 3));
  EXPECT_THAT(TurnsOf("cpu0"), ElementsAre("hello", "idle", "lost", "hello", "idle"));
  EXPECT_THAT(TurnsOf("cpu1"), ElementsAre("hello", "idle"));
  EXPECT_EQ(listener().Last("lost").task_id, "t1");
  EXPECT_EQ(listener().Last("lost").reason, "WORKER_LOST");
  ASSERT_TRUE(Assign("cpu0", "t2").ok());
  under_test_->FinishTask("cpu0", "t2");
  EXPECT_TRUE(listener().Await("idle", 4));
}

TEST_P(PoolContract_Test, WorkerWithoutATaskDiesThenNoTaskIsLost) {
  under_test_->KillWorker("cpu0");
  ASSERT_TRUE(listener().Await("idle", 3));
  EXPECT_THAT(TurnsOf("cpu0"), ElementsAre("hello", "idle", "hello", "idle"));
}

TEST_P(PoolContract_Test, TaskIsCancelledThenItsWorkerEndsIt) {
  ASSERT_TRUE(Assign("cpu0", "t1").ok());
  pool().Cancel("cpu0", "t1");
  under_test_->ObeyCancel("cpu0", "t1");
  ASSERT_TRUE(listener().Await("idle", 3));
  EXPECT_EQ(listener().Last("finished").message.finished().outcome(), Finished::CANCELLED);
}

TEST_P(PoolContract_Test, TaskIsStoppedThenItsWorkerGivesItBack) {
  ASSERT_TRUE(Assign("cpu0", "t1").ok());
  pool().Stop("cpu0", "t1", absl::Seconds(60));
  under_test_->ObeyStop("cpu0", "t1");
  ASSERT_TRUE(listener().Await("idle", 3));
  EXPECT_EQ(listener().Last("finished").message.finished().outcome(), Finished::STOPPED);
}

TEST_P(PoolContract_Test, TaskIsNotThereThenNothingIsDoneToIt) {
  const auto touch = [this](const std::string& slot, const std::string& task_id) {
    pool().Acknowledge(slot, task_id, 5);
    pool().Cancel(slot, task_id);
    pool().Stop(slot, task_id, absl::ZeroDuration());
  };
  touch("cpu0", "t1");
  ASSERT_TRUE(Assign("cpu0", "t1").ok());
  touch("cpu0", "t0");
  touch("cpu1", "t1");
  touch("cpu7", "t1");
  touch("cpu0", "");
  EXPECT_EQ(SlotOf("cpu0").job(), "t1");
  under_test_->FinishTask("cpu0", "t1");
  ASSERT_TRUE(listener().Await("idle", 3));
  touch("cpu0", "t1");
  EXPECT_THAT(TurnsOf("cpu0"), ElementsAre("hello", "idle", "finished", "idle"));
  EXPECT_NE(listener().Last("finished").message.finished().outcome(), Finished::CANCELLED);
  EXPECT_TRUE(Assign("cpu0", "t2").ok()) << "it is idle";
}

TEST_P(PoolContract_Test, SlotsSayWhatTheyHave) {
  std::vector<std::string> names;
  for (const v1::Slot& slot : pool().Slots()) {
    names.push_back(slot.name());
    EXPECT_EQ(slot.device(), "cpu");
    EXPECT_EQ(slot.threads(), 1u);
    EXPECT_EQ(slot.state(), "IDLE");
    EXPECT_EQ(slot.job(), "");
  }
  EXPECT_THAT(names, ElementsAre("cpu0", "cpu1"));
  EXPECT_EQ(pool().WhyNoWorker(), "");
  ASSERT_TRUE(Assign("cpu0", "t1").ok());
  EXPECT_EQ(SlotOf("cpu0").state(), "BUSY");
  EXPECT_EQ(SlotOf("cpu0").job(), "t1");
  EXPECT_EQ(SlotOf("cpu1").state(), "IDLE");
  under_test_->FinishTask("cpu0", "t1");
  ASSERT_TRUE(listener().Await("idle", 3));
  EXPECT_EQ(SlotOf("cpu0").state(), "IDLE");
  EXPECT_EQ(SlotOf("cpu0").job(), "");
}

TEST_P(PoolContract_Test, ShutDownThenTheTaskIsLostToNobodysFaultAndNothingIsHeardAnyMore) {
  ASSERT_TRUE(Assign("cpu0", "t1").ok());
  pool().Shutdown();
  EXPECT_EQ(EndsOf("t1"), 1);
  EXPECT_EQ(listener().Last("lost").reason, "POOL_SHUTDOWN");
  const size_t heard = listener().All().size();
  const absl::Status refused = Assign("cpu1", "t2");
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ErrorReason(refused), "SLOT_NOT_IDLE");
  pool().Cancel("cpu0", "t1");
  pool().Stop("cpu0", "t1", absl::ZeroDuration());
  pool().Acknowledge("cpu0", "t1", 1);
  under_test_->FinishTask("cpu0", "t1");
  pool().Shutdown();
  EXPECT_EQ(listener().All().size(), heard);
}

INSTANTIATE_TEST_SUITE_P(Local, PoolContract_Test, testing::Values(&MakeLocal));
INSTANTIATE_TEST_SUITE_P(Fake, PoolContract_Test, testing::Values(&MakeFake));

}  // namespace
}  // namespace sumscope::workers

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <string>

#include "absl/strings/match.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/contract/errors/errors.h"
#include "tests/server/workers/pool_harness.h"

namespace sumscope::workers {
namespace {

using worker::v1::Finished;

bool IsOurChild(int64_t pid) { return waitpid(static_cast<pid_t>(pid), nullptr, WNOHANG) >= 0 || errno != ECHILD; }

// Runs, rather than being gone or a zombie that waits for its reaper.
bool Runs(pid_t pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(stat, text);
  const size_t name_end = text.rfind(')');
  return name_end != std::string::npos && text.at(name_end + 2) != 'Z' && text.at(name_end + 2) != 'X';
}

// Waits until the slot has this state; listeners do not hear of it.
bool AwaitState(PoolHarness* harness, const std::string& state) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  Mutex mutex;
  CondVar never;
  MutexLock lock(&mutex);
  while (harness->Slot().state() != state) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    never.WaitFor(&mutex, std::chrono::milliseconds(5));
  }
  return true;
}

TEST(LocalWorkerPool_Test, TaskIsDoneThenSlotIsIdleAgain) {
  PoolHarness harness({});
  ASSERT_TRUE(harness.Start().ok());
  ASSERT_TRUE(harness.listener().Await("idle"));
  const int64_t pid = harness.Slot().worker_pid();
  ASSERT_TRUE(harness.Assign("t1").ok());
  ASSERT_TRUE(harness.listener().Await("idle", 2));

  std::vector<std::string> order;
  uint64_t sequence = 0;
  for (const Heard& heard : harness.listener().All()) {
    order.push_back(heard.what);
    if (heard.message.sequence() > 0) {
      EXPECT_EQ(heard.message.sequence(), ++sequence);
    }
  }
  EXPECT_EQ(order, (std::vector<std::string>{"hello", "idle", "started", "metrics", "metrics", "metrics", "finished",
                                             "idle"}));
  EXPECT_EQ(harness.listener().Last("finished").message.finished().outcome(), Finished::DONE);
  const worker::v1::Hello hello = harness.listener().Last("hello").message.hello();
  EXPECT_EQ(hello.pid(), pid);
  EXPECT_EQ(hello.secret(), "");
  EXPECT_EQ(hello.generation(), 1u);
  EXPECT_EQ(hello.provenance().threads(), 2u);
  EXPECT_EQ(harness.Slot().state(), "IDLE");
  EXPECT_EQ(harness.Slot().worker_pid(), pid);
}

TEST(LocalWorkerPool_Test, SlotIsBusyThenAssignIsRefused) {
  PoolHarness harness({"--behaviour=hold"});
  ASSERT_TRUE(harness.Start().ok());
  ASSERT_TRUE(harness.listener().Await("idle"));
  ASSERT_TRUE(harness.Assign("t1").ok());
  const absl::Status refused = harness.Assign("t2");
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ErrorReason(refused), "SLOT_NOT_IDLE");
  EXPECT_EQ(harness.Slot().state(), "BUSY");
  EXPECT_EQ(harness.Slot().job(), "t1");
}

TEST(LocalWorkerPool_Test, TaskHasTensorsThenWorkerGetsEveryByte) {
  PoolHarness harness({});
  ASSERT_TRUE(harness.Start().ok());
  ASSERT_TRUE(harness.listener().Await("idle"));
  TaskTensors tensors;
  tensors.data_bytes = (3 << 20) + 5;
  uint64_t expected_offset = 0;
  tensors.read = [&expected_offset](uint64_t offset, uint64_t length) -> absl::StatusOr<std::string> {
    EXPECT_EQ(offset, expected_offset);
    EXPECT_LE(length, limits::kMaxChunkBytes);
    expected_offset += length;
    return std::string(length, 'x');
  };
  ASSERT_TRUE(harness.Assign("t1", tensors).ok());
  ASSERT_TRUE(harness.listener().Await("finished"));
  EXPECT_EQ(harness.listener().Last("log").message.log().text(), "received 3145733 bytes");
}

TEST(LocalWorkerPool_Test, TensorsCannotBeReadThenTaskIsLost) {
  PoolHarness harness({});
  ASSERT_TRUE(harness.Start().ok());
  ASSERT_TRUE(harness.listener().Await("idle"));
  TaskTensors tensors;
  tensors.data_bytes = 8;
  tensors.read = [](uint64_t, uint64_t) -> absl::StatusOr<std::string> { return absl::DataLossError("bad sector"); };
  ASSERT_TRUE(harness.Assign("t1", tensors).ok());
  ASSERT_TRUE(harness.listener().Await("lost"));
  EXPECT_EQ(harness.listener().Last("lost").reason, "TENSORS_UNREADABLE");
  ASSERT_TRUE(harness.listener().Await("idle", 2));
}

TEST(LocalWorkerPool_Test, WorkerCrashesThenTaskIsLostAndNextWorkerIsIdle) {
  TempDirectory marks;
  PoolHarness harness({"--behaviour=crash", "--once=" + marks.path() + "/crashed"});
  ASSERT_TRUE(harness.Start().ok());
  ASSERT_TRUE(harness.listener().Await("idle"));
  const int64_t pid = harness.Slot().worker_pid();
  ASSERT_TRUE(harness.Assign("t1").ok());
  ASSERT_TRUE(harness.listener().Await("lost"));
  EXPECT_EQ(harness.listener().Last("lost").task_id, "t1");
  EXPECT_EQ(harness.listener().Last("lost").reason, "WORKER_LOST");
  EXPECT_TRUE(absl::StrContains(harness.listener().Last("lost").detail, "signal 9"));
  EXPECT_EQ(harness.listener().Count("metrics"), 3u);  // it crashed after their acknowledgement

  ASSERT_TRUE(harness.listener().Await("idle", 2));
  EXPECT_NE(harness.Slot().worker_pid(), pid);
  EXPECT_EQ(harness.Slot().restarts(), 1u);
  ASSERT_TRUE(harness.Assign("t2").ok());
  ASSERT_TRUE(harness.listener().Await("finished"));
  EXPECT_EQ(harness.listener().Count("lost"), 1u);
}

TEST(LocalWorkerPool_Test, WorkerLeavesChildrenThenTheyAreGoneWhenTaskIsLost) {
  TempDirectory marks;
  bool ran_at_lost = true;
  pid_t grandchild = 0;
  PoolHarness harness({"--behaviour=orphan", "--once=" + marks.path() + "/crashed"},
                      [&ran_at_lost, &grandchild](const Heard& heard) {
                        if (heard.what == "log") {
                          grandchild = std::atoi(heard.message.log().text().substr(11).c_str());
                          EXPECT_TRUE(Runs(grandchild));
                        }
                        if (heard.what == "lost") ran_at_lost = Runs(grandchild);
                      });
  ASSERT_TRUE(harness.Start().ok());
  ASSERT_TRUE(harness.listener().Await("idle"));
  ASSERT_TRUE(harness.Assign("t1").ok());
  ASSERT_TRUE(harness.listener().Await("lost"));
  EXPECT_GT(grandchild, 0);
  EXPECT_FALSE(ran_at_lost);
}

TEST(LocalWorkerPool_Test, TaskIsCancelledThenSameWorkerIsIdle) {
  PoolHarness harness({"--behaviour=hold"});
  harness.options().limits.cancel_grace = absl::Seconds(60);
  ASSERT_TRUE(harness.Start().ok());
  ASSERT_TRUE(harness.listener().Await("idle"));
  const int64_t pid = harness.Slot().worker_pid();
  ASSERT_TRUE(harness.Assign("t1").ok());
  harness.pool().Cancel("cpu0", "another task");
  harness.pool().Cancel("cpu0", "t1");
  ASSERT_TRUE(harness.listener().Await("idle", 2));
  EXPECT_EQ(harness.listener().Last("finished").message.finished().outcome(), Finished::CANCELLED);
  EXPECT_EQ(harness.Slot().worker_pid(), pid);
  EXPECT_EQ(harness.listener().Count("lost"), 0u);
}

TEST(LocalWorkerPool_Test, TaskIsStoppedThenWorkerGivesItBack) {
  PoolHarness harness({"--behaviour=hold"});
  ASSERT_TRUE(harness.Start().ok());
  ASSERT_TRUE(harness.listener().Await("idle"));
  ASSERT_TRUE(harness.Assign("t1").ok());
  harness.pool().Stop("cpu0", "t1", absl::Seconds(60));
  ASSERT_TRUE(harness.listener().Await("idle", 2));
  EXPECT_EQ(harness.listener().Last("finished").message.finished().outcome(), Finished::STOPPED);
}

TEST(LocalWorkerPool_Test, CancelIsIgnoredThenWorkerIsTerminated) {
  PoolHarness harness({"--behaviour=ignore_cancel"});
  harness.options().limits.terminate_grace = absl::Seconds(60);
  ASSERT_TRUE(harness.Start().ok());
  ASSERT_TRUE(harness.listener().Await("idle"));
  ASSERT_TRUE(harness.Assign("t1").ok());
  harness.pool().Cancel("cpu0", "t1");
  ASSERT_TRUE(harness.listener().Await("lost"));
  EXPECT_EQ(harness.listener().Last("lost").reason, "WORKER_KILLED");
  EXPECT_TRUE(absl::StrContains(harness.listener().Last("lost").detail, "signal 15"));
  ASSERT_TRUE(harness.listener().Await("idle", 2));
}

TEST(LocalWorkerPool_Test, SigtermIsIgnoredThenWorkerIsKilled) {
  PoolHarness harness({"--behaviour=ignore_all"});
  ASSERT_TRUE(harness.Start().ok());
  ASSERT_TRUE(harness.listener().Await("idle"));
  ASSERT_TRUE(harness.Assign("t1").ok());
  harness.pool().Cancel("cpu0", "t1");
  ASSERT_TRUE(harness.listener().Await("lost"));
  EXPECT_EQ(harness.listener().Last("lost").reason, "WORKER_KILLED");
  EXPECT_TRUE(absl::StrContains(harness.listener().Last("lost").detail, "signal 9"));
}

TEST(LocalWorkerPool_Test, HeartbeatsEndThenTaskIsLost) {
  TempDirectory marks;
  PoolHarness harness({"--behaviour=mute", "--once=" + marks.path() + "/muted"});
  harness.options().limits.heartbeat_timeout = absl::Seconds(2);
  ASSERT_TRUE(harness.Start().ok());
  ASSERT_TRUE(harness.listener().Await("idle"));
  ASSERT_TRUE(harness.Assign("t1").ok());
  ASSERT_TRUE(harness.listener().Await("lost"));
  EXPECT_EQ(harness.listener().Last("lost").reason, "HEARTBEAT_LOST");
  ASSERT_TRUE(harness.listener().Await("idle", 2));
}

void ExpectWorkerIsNeverIdle(const std::string& behaviour) {
  PoolHarness harness({"--behaviour=" + behaviour});
  harness.options().limits.restart_budget = 2;
  harness.options().limits.restart_delay_max = absl::Minutes(10);  // it stays so
  ASSERT_TRUE(harness.Start().ok());
  ASSERT_TRUE(AwaitState(&harness, "BROKEN"));
  EXPECT_TRUE(harness.listener().All().empty());
  EXPECT_TRUE(absl::StrContains(harness.Slot().detail(), "status 4"));  // it was told UNAUTHENTICATED
}

TEST(LocalWorkerPool_Test, TokenIsWrongThenWorkerIsNeverIdle) { ExpectWorkerIsNeverIdle("wrong_token"); }

TEST(LocalWorkerPool_Test, GenerationIsOldThenWorkerIsNeverIdle) { ExpectWorkerIsNeverIdle("old_worker"); }

TEST(LocalWorkerPool_Test, BudgetIsSpentThenSlotIsBrokenAndSaysWhy) {
  PoolHarness harness({"--behaviour=exit"});
  harness.options().limits.restart_budget = 3;
  harness.options().limits.restart_delay_max = absl::Minutes(10);  // it stays so
  ASSERT_TRUE(harness.Start().ok());
  ASSERT_TRUE(AwaitState(&harness, "BROKEN"));
  EXPECT_EQ(harness.Slot().restarts(), 2u);
  EXPECT_EQ(harness.Slot().worker_pid(), 0);
  EXPECT_TRUE(absl::StrContains(harness.Slot().detail(), "status 3"));
  EXPECT_TRUE(absl::StrContains(harness.Slot().detail(), "the fake worker gives up"));
  EXPECT_EQ(harness.Assign("t1").code(), absl::StatusCode::kFailedPrecondition);
}

TEST(LocalWorkerPool_Test, ProgramIsMissingThenSlotIsBrokenAndSaysWhy) {
  PoolHarness harness({});
  const LocalLaunchOptions missing{harness.directory() + "/no-worker", {}, harness.directory()};
  harness.UseLauncher(std::make_unique<LocalLauncher>(missing));
  harness.options().slots = WithQuickLanes({{"cpu0", "cpu", 2}});
  harness.options().limits.restart_budget = 2;
  harness.options().limits.restart_delay_max = absl::Minutes(10);  // it stays so
  ASSERT_TRUE(harness.Start().ok());
  ASSERT_TRUE(AwaitState(&harness, "BROKEN"));
  EXPECT_EQ(harness.Slot().restarts(), 1u);
  EXPECT_TRUE(absl::StrContains(harness.Slot().detail(), "/no-worker"));
  EXPECT_TRUE(absl::StrContains(harness.pool().WhyNoWorker(), "/no-worker")) << "though a lane sleeps";
}

TEST(LocalWorkerPool_Test, ShutdownThenNoProcessIsLeftAndRunningTaskIsLost) {
  PoolHarness harness({"--behaviour=ignore_all"});
  harness.options().slots = {{"cpu0", "cpu", 1}, {"cpu1", "cpu", 1}};
  ASSERT_TRUE(harness.Start().ok());
  ASSERT_TRUE(harness.listener().Await("idle", 2));
  ASSERT_TRUE(harness.Assign("t1").ok());
  std::vector<int64_t> pids;
  for (const v1::Slot& slot : harness.pool().Slots()) pids.push_back(slot.worker_pid());
  harness.pool().Shutdown();
  for (const int64_t pid : pids) {
    EXPECT_GT(pid, 0);
    EXPECT_FALSE(IsOurChild(pid));
  }
  ASSERT_EQ(harness.listener().Count("lost"), 1u);
  EXPECT_EQ(harness.listener().Last("lost").task_id, "t1");
  EXPECT_EQ(harness.listener().Last("lost").reason, "POOL_SHUTDOWN");
  harness.pool().Shutdown();
  EXPECT_EQ(harness.Assign("t2").code(), absl::StatusCode::kFailedPrecondition);
}

TEST(LocalWorkerPool_Test, ShutdownWhileWorkersStartThenNoProcessIsLeft) {
  PoolHarness harness({});
  ASSERT_TRUE(harness.Start().ok());
  harness.pool().Shutdown();
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

// Messages wait unread while the listener is slow, heartbeats among them: that is no reason to kill the worker.
TEST(LocalWorkerPool_Test, ListenerBlocksLongerThanHeartbeatTimeoutThenWorkerIsKept) {
  Mutex mutex;
  CondVar never;
  PoolHarness harness({"--messages=1"}, [&mutex, &never](const Heard& heard) {
    if (heard.what != "started") return;
    MutexLock lock(&mutex);
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(3);
    while (std::chrono::steady_clock::now() < until) never.WaitFor(&mutex, std::chrono::milliseconds(500));
  });
  harness.options().limits.heartbeat_timeout = absl::Milliseconds(1500);
  ASSERT_TRUE(harness.Start().ok());
  ASSERT_TRUE(harness.listener().Await("idle"));
  ASSERT_TRUE(harness.Assign("t1").ok());
  ASSERT_TRUE(harness.listener().Await("finished"));
  EXPECT_EQ(harness.listener().Count("lost"), 0u);
}

TEST(LocalWorkerPool_Test, ManyMessagesThenAllComeInOrder) {
  PoolHarness harness({"--messages=5000"});
  ASSERT_TRUE(harness.Start().ok());
  ASSERT_TRUE(harness.listener().Await("idle"));
  ASSERT_TRUE(harness.Assign("t1").ok());
  ASSERT_TRUE(harness.listener().Await("finished"));
  uint64_t sequence = 0;
  for (const Heard& heard : harness.listener().All()) {
    if (heard.message.sequence() > 0) {
      ASSERT_EQ(heard.message.sequence(), ++sequence);
    }
  }
  EXPECT_EQ(sequence, 5002u);
}

TEST(LocalWorkerPool_Test, StartedThenSocketIsForItsOwnerOnly) {
  PoolHarness harness({});
  ASSERT_TRUE(harness.Start().ok());
  struct stat info;
  ASSERT_EQ(stat(harness.options().socket_path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_EQ(ErrorReason(harness.pool().Start(&harness.listener())), "POOL_STARTED");
}

TEST(LocalWorkerPool_Test, QuickLaneIsWokenThenItsWorkerComesAndNotBefore) {
  PoolHarness harness({});
  harness.options().slots = WithQuickLanes({{"cpu0", "cpu", 2}});
  ASSERT_TRUE(harness.Start().ok());
  ASSERT_TRUE(harness.listener().Await("idle"));
  EXPECT_EQ(harness.pool().Slots()[1].state(), "ASLEEP");
  EXPECT_EQ(harness.pool().Slots()[1].worker_pid(), 0);
  harness.pool().Wake("no such slot");
  harness.pool().Wake("quick-cpu");
  ASSERT_TRUE(harness.listener().Await("idle", 2));
  EXPECT_EQ(harness.listener().Last("idle").slot, "quick-cpu");
  harness.pool().Wake("quick-cpu");
  EXPECT_EQ(harness.pool().Slots()[1].restarts(), 0u);
}

TEST(WithQuickLanes_Test, SlotsShareADeviceThenItHasOneLane) {
  const std::vector<SlotConfig> slots =
      WithQuickLanes({{"a", "cuda:0", 2}, {"b", "cuda:0", 2}, {"c", "cpu", 4}, {"quick-cuda1", "cuda:1", 1}});
  std::vector<std::string> names;
  for (const SlotConfig& slot : slots) names.push_back(slot.name);
  EXPECT_THAT(names, testing::ElementsAre("a", "b", "c", "quick-cuda1", "quick-cpu", "quick-cuda0"));
  EXPECT_TRUE(slots[4].quick && slots[5].quick);
  EXPECT_EQ(slots[5].device, "cuda:0");
  EXPECT_EQ(slots[5].threads, 1u);
}

TEST(LocalWorkerPool_Test, OptionsAreInvalidThenCreateSaysSo) {
  PoolHarness harness({});
  harness.options().socket_path = "/" + std::string(107, 'x');  // 108 bytes, with its end 109
  EXPECT_EQ(ErrorReason(harness.Start()), "SOCKET_PATH_INVALID");
  harness.options().socket_path = harness.directory() + "/worker.sock";
  harness.options().slots = {{"cpu0", "cpu", 1}, {"cpu0", "cpu", 1}};
  EXPECT_EQ(ErrorReason(harness.Start()), "SLOT_NAME_INVALID");
  harness.options().slots = {{"../cpu0", "cpu", 1}};
  EXPECT_EQ(ErrorReason(harness.Start()), "SLOT_NAME_INVALID");
}

}  // namespace
}  // namespace sumscope::workers

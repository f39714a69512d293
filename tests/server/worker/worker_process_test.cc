#include "tests/server/worker/worker_process.h"

#include <gtest/gtest.h>
#include <signal.h>

#include "tests/server/worker/tiny_spec.h"

namespace sumscope::worker {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

bool IsHello(const v1::WorkerMessage& message) { return message.has_hello(); }
bool IsHeartbeat(const v1::WorkerMessage& message) { return message.has_heartbeat(); }
bool IsMetrics(const v1::WorkerMessage& message) { return message.has_metrics(); }
bool IsFinished(const v1::WorkerMessage& message) { return message.has_finished(); }

v1::ServerMessage TrainTask(uint64_t steps) {
  v1::ServerMessage message;
  message.mutable_task()->set_task_id("j1.1");
  *message.mutable_task()->mutable_train()->mutable_spec() = TinySpec();
  message.mutable_task()->mutable_train()->mutable_spec()->set_steps(steps);
  return message;
}
constexpr uint64_t kEndless = 10000000;

class WorkerProcess_Test : public ::testing::Test {
 protected:
  // Waits for hello, then hands out a training.
  void Start(uint64_t steps) {
    ASSERT_TRUE(server_.WaitFor(IsHello).has_value());
    server_.Send(TrainTask(steps));
  }
  // Every sequence of the task once, in order, and then Finished.
  void ExpectDenseSequences() {
    uint64_t next = 1;
    for (const v1::WorkerMessage& message : server_.Messages()) {
      if (message.task_id().empty()) continue;
      EXPECT_EQ(message.task_id(), "j1.1");
      EXPECT_EQ(message.sequence(), next++);
    }
    EXPECT_TRUE(server_.Messages().back().has_finished() || server_.Messages().back().has_heartbeat());
  }

  FakeServer server_;
  WorkerProcess worker_{server_.address(), "the token"};
};

TEST_F(WorkerProcess_Test, WhenStartedThenItSaysWhoItIsAndKeepsSayingThatItLives) {
  const auto hello = server_.WaitFor(IsHello);
  ASSERT_TRUE(hello.has_value());
  EXPECT_EQ(hello->hello().protocol(), 1u);
  EXPECT_EQ(hello->hello().secret(), "the token");
  EXPECT_EQ(hello->hello().generation(), 3u);
  EXPECT_EQ(hello->hello().slot(), "cpu0");
  EXPECT_EQ(hello->hello().pid(), worker_.pid());
  EXPECT_EQ(hello->hello().provenance().device(), "cpu");
  EXPECT_EQ(hello->hello().provenance().threads(), 1u);
  EXPECT_FALSE(hello->hello().provenance().torch_version().empty());
  EXPECT_FALSE(hello->hello().provenance().git_hash().empty());
  EXPECT_TRUE(server_.WaitFor(IsHeartbeat).has_value());
}

TEST_F(WorkerProcess_Test, GivenATrainingThenItIsDoneAndTheWorkerTakesTheNextOne) {
  Start(/*steps=*/20);
  const auto finished = server_.WaitFor(IsFinished);
  ASSERT_TRUE(finished.has_value());
  EXPECT_EQ(finished->finished().outcome(), v1::Finished::DONE) << finished->ShortDebugString();
  ExpectDenseSequences();

  v1::ServerMessage next = TrainTask(5);
  next.mutable_task()->set_task_id("j2.1");
  server_.Send(next);
  const auto second =
      server_.WaitFor([](const v1::WorkerMessage& m) { return m.task_id() == "j2.1" && m.has_finished(); });
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(second->finished().outcome(), v1::Finished::DONE);
}

TEST_F(WorkerProcess_Test, WhenCancelledThenTheTaskEndsAndTheWorkerStays) {
  Start(kEndless);
  ASSERT_TRUE(server_.WaitFor(IsMetrics).has_value());
  const auto start = std::chrono::steady_clock::now();
  v1::ServerMessage cancel;
  cancel.mutable_cancel()->set_task_id("j1.1");
  server_.Send(cancel);
  const auto finished = server_.WaitFor(IsFinished);
  ASSERT_TRUE(finished.has_value());
  EXPECT_EQ(finished->finished().outcome(), v1::Finished::CANCELLED);
  EXPECT_LT(std::chrono::steady_clock::now() - start, seconds(2));
  ExpectDenseSequences();
  EXPECT_FALSE(worker_.WaitForEnd(milliseconds(0)).has_value());
}

TEST_F(WorkerProcess_Test, GivenTheResumeStateOfACancelledTaskThenItGoesOnFromThere) {
  Start(kEndless);
  ASSERT_TRUE(server_.WaitFor(IsMetrics).has_value());
  v1::ServerMessage cancel;
  cancel.mutable_cancel()->set_task_id("j1.1");
  server_.Send(cancel);
  ASSERT_TRUE(server_.WaitFor(IsFinished).has_value());

  std::vector<v1::ServerMessage> state;  // the last set of tensors, as the server would send it back
  for (const v1::WorkerMessage& message : server_.Messages()) {
    v1::ServerMessage back;
    if (message.has_tensor_set_begin()) state.clear();
    if (message.has_tensor_set_begin()) *back.mutable_tensor_set_begin() = message.tensor_set_begin();
    if (message.has_tensor_chunk()) *back.mutable_tensor_chunk() = message.tensor_chunk();
    if (message.has_tensor_set_end()) *back.mutable_tensor_set_end() = message.tensor_set_end();
    if (back.body_case() != v1::ServerMessage::BODY_NOT_SET) state.push_back(back);
  }
  ASSERT_FALSE(state.empty());
  ASSERT_EQ(state[0].tensor_set_begin().kind(), v1::RESUME_STATE);
  const uint64_t step = state[0].tensor_set_begin().step();
  v1::ServerMessage next = TrainTask(kEndless);
  next.mutable_task()->set_task_id("j1.2");
  next.mutable_task()->set_has_tensors(true);
  next.mutable_task()->mutable_train()->set_first_step(step);
  server_.Send(next);
  for (const v1::ServerMessage& message : state) server_.Send(message);
  const auto metrics =
      server_.WaitFor([](const v1::WorkerMessage& m) { return m.task_id() == "j1.2" && m.has_metrics(); });
  ASSERT_TRUE(metrics.has_value());
  EXPECT_EQ(metrics->metrics().first_step(), step);
}

TEST_F(WorkerProcess_Test, WhenTheServersPipeEndsThenItIsGoneWithinTwoSeconds) {
  Start(kEndless);
  ASSERT_TRUE(server_.WaitFor(IsMetrics).has_value());
  worker_.ClosePipe();
  EXPECT_TRUE(worker_.WaitForEnd(seconds(2)).has_value());
}

// One step of this model takes several seconds of a thread: nothing looks at the pipe but the watch.
TEST_F(WorkerProcess_Test, WhenTheServersPipeEndsWithinALongStepThenItIsGoneWithinTwoSeconds) {
  ASSERT_TRUE(server_.WaitFor(IsHello).has_value());
  v1::ServerMessage task = TrainTask(kEndless);
  sumscope::v1::TrainSpec* spec = task.mutable_task()->mutable_train()->mutable_spec();
  spec->set_d_model(1024);
  spec->set_d_mlp(8192);
  spec->set_batch_size(1024);
  task.mutable_task()->mutable_train()->add_have_checkpoints(0);
  server_.Send(task);
  ASSERT_TRUE(server_.WaitFor([](const v1::WorkerMessage& message) { return message.has_log(); }).has_value());
  worker_.ClosePipe();
  EXPECT_TRUE(worker_.WaitForEnd(seconds(2)).has_value());
}

TEST_F(WorkerProcess_Test, WhenItsPipeEndsBeforeAnyTaskThenItIsGoneToo) {
  worker_.ClosePipe();
  EXPECT_TRUE(worker_.WaitForEnd(seconds(10)).has_value());  // LibTorch may still be loading
}

TEST_F(WorkerProcess_Test, WhenTerminatedThenItGivesTheTaskBackWithItsResumeState) {
  Start(kEndless);
  ASSERT_TRUE(server_.WaitFor(IsMetrics).has_value());
  worker_.Signal(SIGTERM);
  const auto finished = server_.WaitFor(IsFinished);
  ASSERT_TRUE(finished.has_value());
  EXPECT_EQ(finished->finished().outcome(), v1::Finished::STOPPED);
  EXPECT_TRUE(server_
                  .WaitFor([](const v1::WorkerMessage& message) {
                    return message.tensor_set_begin().kind() == v1::RESUME_STATE;
                  })
                  .has_value());
  EXPECT_EQ(worker_.WaitForEnd(seconds(10)), 0);
}

TEST_F(WorkerProcess_Test, WhenShutDownWhileIdleThenItEndsInPeace) {
  ASSERT_TRUE(server_.WaitFor(IsHello).has_value());
  v1::ServerMessage shutdown;
  shutdown.mutable_shutdown();
  server_.Send(shutdown);
  EXPECT_EQ(worker_.WaitForEnd(seconds(10)), 0);
}

TEST(WorkerProcessAlone_Test, WhenThereIsNoServerThenItEndsWithAnError) {
  WorkerProcess worker("unix:/nonexistent/link", "the token");
  EXPECT_EQ(worker.WaitForEnd(seconds(20)), 1);
}

TEST(WorkerProcessAlone_Test, WhenTheServerIsOnANetworkThenTheTokenIsNotSent) {
  WorkerProcess worker("127.0.0.1:1", "the token");
  EXPECT_EQ(worker.WaitForEnd(seconds(20)), 1);
}

}  // namespace
}  // namespace sumscope::worker

#include "server/worker/link/outbox.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <string>

#include "proto/contract/errors/errors.h"

namespace sumscope::worker {
namespace {

using std::chrono::milliseconds;

v1::WorkerMessage Log(size_t bytes) {
  v1::WorkerMessage message;
  message.mutable_log()->set_text(std::string(bytes, 'x'));
  return message;
}
v1::WorkerMessage Chunk(size_t bytes) {
  v1::WorkerMessage message;
  message.mutable_tensor_chunk()->set_data(std::string(bytes, 'x'));
  return message;
}

TEST(Outbox_Test, GivenMessagesThenTheyComeInOrderWithDenseSequences) {
  Outbox outbox;
  outbox.BeginTask("t1");
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(outbox.Send(Log(1)).ok());
  for (uint64_t i = 1; i <= 3; ++i) {
    const auto message = outbox.Pop(milliseconds(0));
    ASSERT_TRUE(message.has_value());
    EXPECT_EQ(message->sequence(), i);
    EXPECT_EQ(message->task_id(), "t1");
  }
  EXPECT_FALSE(outbox.Pop(milliseconds(0)).has_value());
}

TEST(Outbox_Test, GivenProgressThenItHasNoSequenceAndNobodyWaitsForIt) {
  Outbox outbox;
  outbox.BeginTask("t1");
  v1::WorkerMessage progress;
  progress.mutable_analysis_progress()->set_fraction(0.5);
  ASSERT_TRUE(outbox.Send(progress).ok());
  EXPECT_EQ(outbox.Pop(milliseconds(0))->sequence(), 0u);
  EXPECT_TRUE(outbox.WaitUntilAcknowledged().ok());
}

TEST(Outbox_Test, GivenANewTaskThenSequencesBeginAgainAndOldAcknowledgementsAreIgnored) {
  Outbox outbox;
  outbox.BeginTask("t1");
  ASSERT_TRUE(outbox.Send(Log(1)).ok());
  outbox.BeginTask("t2");
  ASSERT_TRUE(outbox.Send(Log(1)).ok());
  outbox.Pop(milliseconds(0));
  EXPECT_EQ(outbox.Pop(milliseconds(0))->sequence(), 1u);
  outbox.Acknowledge("t1", 1);
  std::future<absl::Status> done = std::async(std::launch::async, [&] { return outbox.WaitUntilAcknowledged(); });
  EXPECT_EQ(done.wait_for(milliseconds(20)), std::future_status::timeout);
  outbox.Acknowledge("t2", 1);
  EXPECT_TRUE(done.get().ok());
}

TEST(Outbox_Test, WhenTooMuchIsUnacknowledgedThenSendWaitsForTheServer) {
  Outbox outbox(/*max_unsent_bytes=*/1000, /*max_unacknowledged_bytes=*/100);
  outbox.BeginTask("t1");
  ASSERT_TRUE(outbox.Send(Log(100)).ok());
  outbox.Pop(milliseconds(0));
  std::future<absl::Status> sent = std::async(std::launch::async, [&] { return outbox.Send(Log(1)); });
  EXPECT_EQ(sent.wait_for(milliseconds(20)), std::future_status::timeout);
  outbox.Acknowledge("t1", 1);
  EXPECT_TRUE(sent.get().ok());
}

// A resume state larger than the window would never be committed: the server acknowledges it as a whole.
// A capture that its server had given up waited for acknowledgements that came no more, until its worker was killed.
TEST(Outbox_Test, WhenTheTaskIsCancelledThenNoAcknowledgementIsWaitedFor) {
  Outbox outbox(/*max_unsent_bytes=*/1 << 20, /*max_unacknowledged_bytes=*/100);
  outbox.BeginTask("t1");
  ASSERT_TRUE(outbox.Send(Log(200)).ok());
  auto blocked = std::async(std::launch::async, [&] { return outbox.Send(Log(1)); });
  auto waiting = std::async(std::launch::async, [&] { return outbox.WaitUntilAcknowledged(); });
  outbox.CancelTask();
  EXPECT_TRUE(blocked.get().ok());
  EXPECT_EQ(waiting.get().code(), absl::StatusCode::kCancelled);
  outbox.BeginTask("t2");
  ASSERT_TRUE(outbox.Send(Log(200)).ok());
  auto next = std::async(std::launch::async, [&] { return outbox.WaitUntilAcknowledged(); });
  outbox.Acknowledge("t2", 1);
  EXPECT_TRUE(next.get().ok()) << "the next task waits again";
}

TEST(Outbox_Test, WithinATensorSetThenOnlyTheStreamIsWaitedFor) {
  Outbox outbox(/*max_unsent_bytes=*/1000, /*max_unacknowledged_bytes=*/100);
  outbox.BeginTask("t1");
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(outbox.Send(Chunk(190)).ok());
  ASSERT_TRUE(outbox.Send(Chunk(190)).ok());  // 970 bytes were queued
  std::future<absl::Status> sent = std::async(std::launch::async, [&] { return outbox.Send(Chunk(1)); });
  EXPECT_EQ(sent.wait_for(milliseconds(20)), std::future_status::timeout);
  outbox.Pop(milliseconds(0));
  EXPECT_TRUE(sent.get().ok());
}

TEST(Outbox_Test, WhenAbortedThenWaitersAndSendersLearnThatTheLinkIsLost) {
  Outbox outbox(/*max_unsent_bytes=*/10, /*max_unacknowledged_bytes=*/10);
  outbox.BeginTask("t1");
  ASSERT_TRUE(outbox.Send(Log(100)).ok());
  std::future<absl::Status> sent = std::async(std::launch::async, [&] { return outbox.Send(Log(1)); });
  std::future<absl::Status> waited = std::async(std::launch::async, [&] { return outbox.WaitUntilAcknowledged(); });
  outbox.Abort();
  EXPECT_EQ(ErrorReason(sent.get()), "LINK_LOST");
  EXPECT_EQ(ErrorReason(waited.get()), "LINK_LOST");
  EXPECT_TRUE(outbox.Drained());
  EXPECT_FALSE(outbox.Pop(milliseconds(0)).has_value());
}

TEST(Outbox_Test, WhenClosedThenWhatIsQueuedStillGoesOut) {
  Outbox outbox;
  outbox.BeginTask("t1");
  ASSERT_TRUE(outbox.Send(Log(1)).ok());
  outbox.Close();
  EXPECT_FALSE(outbox.Drained());
  EXPECT_TRUE(outbox.Pop(milliseconds(0)).has_value());
  EXPECT_TRUE(outbox.Drained());
  EXPECT_FALSE(outbox.Send(Log(1)).ok());
}

TEST(TaskControl_Test, GivenStopAndCancelInAnyOrderThenCancelWins) {
  TaskControl stop_first, cancel_first;
  stop_first.Interrupt(Interruption::kStop);
  stop_first.Interrupt(Interruption::kCancel);
  cancel_first.Interrupt(Interruption::kCancel);
  cancel_first.Interrupt(Interruption::kStop);
  EXPECT_EQ(stop_first.interruption(), Interruption::kCancel);
  EXPECT_EQ(cancel_first.interruption(), Interruption::kCancel);
}

}  // namespace
}  // namespace sumscope::worker

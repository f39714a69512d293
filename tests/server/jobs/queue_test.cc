#include "server/jobs/scheduling/queue.h"

#include "gtest/gtest.h"

namespace sumscope::jobs {
namespace {

storage::Job MakeJob(const std::string& id, uint64_t position) {
  storage::Job job;
  job.id = id;
  job.queue_position = position;
  return job;
}

TEST(FifoPolicy_Test, JobsLeaveInTheOrderOfTheirPosition) {
  FifoPolicy queue;
  queue.Add(MakeJob("j2", 2));
  queue.Add(MakeJob("j3", 3));
  queue.Add(MakeJob("j1", 1));  // comes back after its worker was lost
  EXPECT_EQ(queue.TakeNext("cpu0")->id, "j1");
  EXPECT_EQ(queue.TakeNext("cpu0")->id, "j2");
  EXPECT_EQ(queue.TakeNext("cpu0")->id, "j3");
  EXPECT_FALSE(queue.TakeNext("cpu0").has_value());
}

TEST(FifoPolicy_Test, RemovedJobDoesNotLeaveAgain) {
  FifoPolicy queue;
  queue.Add(MakeJob("j1", 1));
  EXPECT_TRUE(queue.Remove("j1").has_value());
  EXPECT_FALSE(queue.Remove("j1").has_value());
  EXPECT_FALSE(queue.TakeNext("cpu0").has_value());
}

TEST(FifoPolicy_Test, JobAddedTwiceIsThereOnce) {
  FifoPolicy queue;
  queue.Add(MakeJob("j1", 1));
  queue.Add(MakeJob("j1", 5));
  EXPECT_EQ(queue.size(), 1u);
  EXPECT_EQ(queue.TakeNext("cpu0")->queue_position, 5u);
  EXPECT_EQ(queue.size(), 0u);
}

}  // namespace
}  // namespace sumscope::jobs

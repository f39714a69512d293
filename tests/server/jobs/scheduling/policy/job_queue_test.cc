#include "server/jobs/scheduling/policy/job_queue.h"

#include <algorithm>

#include "gtest/gtest.h"
#include "tests/server/jobs/scheduling/policy/make_job.h"

namespace sumscope::jobs {
namespace {

std::string TakeFirst(JobQueue* queue) { return queue->Take(std::string(queue->First()->id))->id; }

TEST(JobQueue_Test, JobsLeaveInTheOrderOfTheirPosition) {
  JobQueue queue;
  queue.Add(MakeJob("j2", 2));
  queue.Add(MakeJob("j3", 3));
  queue.Add(MakeJob("j1", 1));  // comes back after its worker was lost
  EXPECT_EQ(TakeFirst(&queue), "j1");
  EXPECT_EQ(TakeFirst(&queue), "j2");
  EXPECT_EQ(TakeFirst(&queue), "j3");
  EXPECT_EQ(queue.First(), nullptr);
  EXPECT_EQ(queue.size(), 0u);
}

TEST(JobQueue_Test, RemovedJobDoesNotLeaveAgain) {
  JobQueue queue;
  queue.Add(MakeJob("j1", 1));
  EXPECT_TRUE(queue.Remove("j1").has_value());
  EXPECT_FALSE(queue.Remove("j1").has_value());
  EXPECT_FALSE(queue.Take("j1").has_value());
  EXPECT_EQ(queue.First(), nullptr);
}

TEST(JobQueue_Test, JobAddedTwiceIsThereOnce) {
  JobQueue queue;
  queue.Add(MakeJob("j1", 1));
  queue.Add(MakeJob("j1", 5));
  EXPECT_EQ(queue.size(), 1u);
  EXPECT_EQ(queue.First()->queue_position, 5u);
}

TEST(JobQueue_Test, JobIsPutOffThenAllJobsOfItsRunWaitAside) {
  JobQueue queue;
  for (const auto& job : {MakeJob("j1", 1, "a"), MakeJob("j2", 2, "a"), MakeJob("j3", 3, "b")}) queue.Add(job);
  queue.PutOff(*queue.Take("j1"), kNow, kLongest);
  queue.Add(MakeJob("j4", 0, "a"));
  EXPECT_EQ(queue.First()->id, "j3");
  EXPECT_EQ(queue.size(), 4u);
  EXPECT_EQ(queue.DueProbe(kNow), nullptr);
  EXPECT_EQ(queue.NextProbe(), kNow + JobQueue::kFirstWait);
  EXPECT_EQ(queue.DueProbe(queue.NextProbe())->id, "j4");
}

TEST(JobQueue_Test, ProbeIsUnderWayThenNoOtherOfItsRunTries) {
  JobQueue queue;
  queue.Add(MakeJob("j2", 2, "a"));
  queue.PutOff(MakeJob("j1", 1, "a"), kNow, kLongest);
  EXPECT_EQ(queue.Take("j1")->id, "j1");
  EXPECT_TRUE(queue.probed_last());
  EXPECT_TRUE(queue.IsProbe("a", "j1"));
  EXPECT_EQ(queue.DueProbe(absl::InfiniteDuration()), nullptr);
  EXPECT_EQ(queue.NextProbe(), absl::InfiniteDuration());
  queue.ProbeOver("a", "j2");  // not the one that probes
  EXPECT_EQ(queue.First(), nullptr);
  queue.ProbeOver("a", "j1");
  EXPECT_EQ(queue.First()->id, "j2");
}

TEST(JobQueue_Test, ProbeIsRefusedAgainThenItsRunWaitsTwiceAsLongUpToTheLongest) {
  JobQueue queue;
  absl::Duration wait = JobQueue::kFirstWait;
  queue.Add(MakeJob("j1", 1, "a"));
  for (int i = 0; i < 10; ++i) {
    queue.PutOff(*queue.Take("j1"), kNow, kLongest);
    EXPECT_EQ(queue.NextProbe(), kNow + wait);
    wait = std::min(2 * wait, kLongest);
  }
}

TEST(JobQueue_Test, StorageTakesAStartThenItsRunHasItsPlacesAgain) {
  JobQueue queue;
  queue.PauseAll(kNow, kLongest);
  queue.PutOff(MakeJob("j1", 1, "a"), kNow, kLongest);
  queue.Add(MakeJob("j2", 2, "b"));
  queue.Resume("a");
  EXPECT_EQ(queue.First()->id, "j1");
  queue.PauseAll(kNow, kLongest);
  EXPECT_EQ(queue.paused_until(), kNow + JobQueue::kFirstWait) << "the wait begins anew";
}

TEST(JobQueue_Test, LastJobOfARefusedRunIsCancelledThenTheRunIsForgotten) {
  JobQueue queue;
  queue.PutOff(MakeJob("j1", 1, "a"), kNow, kLongest);
  EXPECT_TRUE(queue.Remove("j1").has_value());
  EXPECT_EQ(queue.size(), 0u);
  queue.Add(MakeJob("j2", 2, "a"));
  EXPECT_EQ(queue.First()->id, "j2");
}

TEST(JobQueue_Test, JobIsHeldThenItWaitsAsideAndIsCounted) {
  JobQueue queue;
  storage::Job job = MakeJob("j1", 1);
  job.owner = "ada";
  job.priority = v1::HIGH;
  queue.Add(job);
  job.held_by = "ben";
  EXPECT_TRUE(queue.Replace(job));
  EXPECT_EQ(queue.First(), nullptr);
  EXPECT_EQ(queue.Find("j1")->held_by, "ben");
  EXPECT_EQ(queue.CountOf("ada"), 1u);
  EXPECT_EQ(queue.CountHighOf("ada"), 1u);
  job.held_by.clear();
  job.priority = v1::LOW;
  EXPECT_TRUE(queue.Replace(job));
  EXPECT_EQ(queue.First()->priority, v1::LOW);
  EXPECT_EQ(queue.CountHighOf("ada"), 0u);
}

TEST(JobQueue_Test, JobStartedMeanwhileThenItIsNotReplaced) {
  JobQueue queue;
  queue.Add(MakeJob("j1", 1));
  queue.Take("j1");
  EXPECT_FALSE(queue.Replace(MakeJob("j1", 1)));
  EXPECT_EQ(queue.size(), 0u);
  EXPECT_EQ(queue.CountOf(""), 0u);
}

TEST(JobQueue_Test, RunHasSucceededThenJobsThatWaitForNoOtherAreReady) {
  JobQueue queue;
  storage::Job one = MakeJob("j1", 1), both = MakeJob("j2", 2), held = MakeJob("j3", 3);
  one.dependencies = {"a"};
  both.dependencies = {"a", "b"};
  held.dependencies = {"a"};
  held.held_by = "ada";
  for (const auto& job : {both, held, one}) queue.Add(job);
  EXPECT_EQ(queue.First(), nullptr);
  const std::vector<storage::Job> ready = queue.DependencyDone("a");
  ASSERT_EQ(ready.size(), 2u);
  EXPECT_EQ(ready[0].id + ready[1].id, "j1j3") << "j3 is held still";
  EXPECT_EQ(TakeFirst(&queue), "j1");
  EXPECT_EQ(queue.First(), nullptr);
  EXPECT_TRUE(queue.DependencyDone("a").empty());
  EXPECT_EQ(queue.DependencyDone("b").size(), 1u);
  EXPECT_EQ(TakeFirst(&queue), "j2");
}

TEST(JobQueue_Test, RunIsRefusedThenItsHeldJobsDoNotProbe) {
  JobQueue queue;
  storage::Job held = MakeJob("j1", 1, "a");
  held.held_by = "ada";
  queue.Add(held);
  queue.PutOff(MakeJob("j2", 2, "a"), kNow, kLongest);
  EXPECT_EQ(queue.DueProbe(kNow + kLongest)->id, "j2");
  held.held_by.clear();
  queue.Replace(held);
  EXPECT_EQ(queue.DueProbe(kNow + kLongest)->id, "j1");
  queue.Resume("a");
  EXPECT_EQ(queue.ready().size(), 2u);
}

TEST(JobQueue_Test, QueueIsVisitedThenTheOldestComesFirst) {
  JobQueue queue;
  for (const auto& job : {MakeJob("j9", 1), MakeJob("j1", 3), MakeJob("j5", 2)}) queue.Add(job);
  std::string seen;
  queue.ForEach([&seen](const storage::Job& job) { seen += job.id; });
  EXPECT_EQ(seen, "j9j5j1");
}

}  // namespace
}  // namespace sumscope::jobs

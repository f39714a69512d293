// What the long-lived parts say of themselves in the log and to a debugger.
#include "proto/contract/text/first_few.h"
#include "server/jobs/job_manager.h"
#include "server/jobs/runs/runs.h"
#include "server/jobs/scheduling/policy/job_queue.h"
#include "server/jobs/state/run_locks.h"
#include "tests/server/jobs/barrier.h"
#include "tests/server/jobs/jobs_fixture.h"

namespace sumscope::jobs {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TEST(FirstFew_Test, NamesAreManyThenTheRestIsCounted) {
  std::vector<std::string> names;
  EXPECT_EQ(FirstFew(names), "[]");
  for (const char* name : {"a", "b", "c", "d", "e", "f", "g", "h"}) names.push_back(name);
  EXPECT_EQ(FirstFew(names), "[a, b, c, d, e, f, g, h]");
  names.insert(names.end(), 12, "z");
  EXPECT_EQ(FirstFew(names), "[a, b, c, d, e, f, g, h and 12 more]");
}

TEST(DebugString_Test, RunLocksNameTheRunsThatAreHeld) {
  RunLocks locks;
  EXPECT_EQ(locks.DebugString(), "locks of []");
  const auto held = RunLocks::Held::Take(&locks, "r1");
  EXPECT_EQ(locks.DebugString(), "locks of [r1]");
}

TEST(DebugString_Test, QueueNamesTheRunsThatStorageRefuses) {
  JobQueue queue;
  storage::Job job;
  job.id = "j1";
  job.run = "r1";
  queue.PutOff(job, absl::ZeroDuration(), absl::Seconds(5));
  job.id = "j2";
  job.run = "r2";
  queue.Add(job);
  EXPECT_THAT(queue.DebugString(), AllOf(HasSubstr("1 jobs ready, 1 aside"), HasSubstr("[r1 (1 jobs, 1 refusals)]")));
}

class ManagerDebugString_Test : public JobsFixture {
 protected:
  // One run trains, `waiting` wait.
  void Start(int waiting) {
    Boot();
    run_ = Id(Create().name());
    for (int i = 0; i < waiting; ++i) Create();
    pool_->Idle(kSlot);
    task_ = StartNext().task.task_id();
  }
  std::string run_, task_;
};

TEST_F(ManagerDebugString_Test, ItSaysWhoRunsWhereAndHowManyWait) {
  Start(/*waiting=*/30);
  const std::string text = manager_->DebugString();
  EXPECT_THAT(text, AllOf(HasSubstr("30 jobs ready"), HasSubstr(GetJob(run_).id + " of " + run_ + " on cpu0"),
                          HasSubstr("idle slots []"), HasSubstr("cpu0 with tasks [" + task_ + "]"),
                          HasSubstr("run files open 1")));
  EXPECT_LT(text.size(), 4000u);
  EXPECT_EQ(text.find('\n'), std::string::npos);
}

TEST_F(ManagerDebugString_Test, StorageIsStuckThenItIsSaidAllTheSame) {
  Start(/*waiting=*/0);
  const auto barrier = std::make_shared<Barrier>();  // lives as long as the hook
  files_.gate.Set([barrier] { return barrier->Enter(); });
  const uint64_t sequence = pool_->Send(kSlot, Metrics(0, 1));
  barrier->WaitUntilEntered();
  EXPECT_THAT(manager_->DebugString(), HasSubstr("cpu0 with tasks [" + task_ + "]"));
  barrier->Release();
  EXPECT_TRUE(pool_->WaitForAcknowledged(task_, sequence));
}

TEST_F(ManagerDebugString_Test, ItHasDrainedThenEachPartSaysSo) {
  Start(/*waiting=*/1);
  manager_->Drain(absl::ZeroDuration());
  EXPECT_THAT(manager_->DebugString(),
              AllOf(HasSubstr("idle slots []"), HasSubstr(", stopped"), HasSubstr("ingest of [], closed"),
                    HasSubstr("progress of 0 runs and 0 analyses, closed")));
}

}  // namespace
}  // namespace sumscope::jobs

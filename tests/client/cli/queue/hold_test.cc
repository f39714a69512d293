// sumscope runs hold, release and priority.
#include "gmock/gmock.h"
#include "nlohmann/json.hpp"
#include "tests/client/cli/fixtures.h"
#include "tests/client/cli/queue/some_jobs.h"

namespace sumscope::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Hold_Test : public CommandFixture {
 protected:
  Hold_Test() { server_.jobs = SomeJobs(); }
};

TEST_F(Hold_Test, WhenSeveralAreHeldThenEachIsTriedAndTheFirstFailureIsTheExitCode) {
  EXPECT_EQ(Run({"runs", "hold", "jccccccc", "r0", "r1/a1", "-o", "id"}), 8);
  EXPECT_EQ(Out(), "jccccccc\njbbbbbbb\n");
  EXPECT_THAT(Err(), HasSubstr("r0: it has begun [JOB_STARTED]"));
  EXPECT_THAT(server_.calls(), ElementsAre("HoldJob", "HoldJob", "HoldJob"));
}

TEST_F(Hold_Test, WhenOneIsReleasedThenItIsShown) {
  EXPECT_EQ(Run({"runs", "release", "r2", "-o", "json"}), 0);
  EXPECT_EQ(nlohmann::json::parse(Out())["held_by"], "");
  EXPECT_EQ(server_.LastRequest<v1::ReleaseJobRequest>().name(), "runs/r2");
  EXPECT_EQ(Run({"runs", "release", "r1/a1"}), 8);
  EXPECT_THAT(Err(), HasSubstr("[JOB_NOT_HELD]"));
}

TEST_F(Hold_Test, WhenAPriorityIsSetThenItIsSent) {
  EXPECT_EQ(Run({"runs", "priority", "high", "r2", "r1/a1", "-o", "jsonl"}), 0);
  EXPECT_EQ(server_.LastRequest<v1::SetJobPriorityRequest>().priority(), v1::HIGH);
  EXPECT_EQ(server_.CountCalls("SetJobPriority"), 2);
  EXPECT_THAT(Out(), HasSubstr("\"priority\":\"HIGH\""));
}

TEST_F(Hold_Test, GivenWhatCannotBeThenExitCodeTwoBeforeAnyCall) {
  EXPECT_EQ(Run({"runs", "priority", "urgent", "r2"}), 2);
  EXPECT_EQ(Err(), "error: \"urgent\" is no priority; expected low, normal or high [PRIORITY_UNKNOWN]\n");
  EXPECT_EQ(Run({"runs", "priority", "low"}), 2);
  EXPECT_EQ(Run({"runs", "hold"}), 2);
  EXPECT_EQ(Run({"runs", "hold", "r2", "a/b/c/d"}), 2);
  EXPECT_THAT(server_.calls(), IsEmpty());
}

}  // namespace
}  // namespace sumscope::client

// sumscope train --after, --priority and --then, which the server makes wait.
#include "gmock/gmock.h"
#include "proto/contract/errors/errors.h"
#include "tests/client/cli/fixtures.h"

namespace sumscope::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class TrainAfter_Test : public CommandFixture {};

TEST_F(TrainAfter_Test, WhenItWaitsForRunsThenTheirExactNamesAreSent) {
  EXPECT_EQ(Run({"train", "m", "--after", "r7", "--after", "r1", "--priority", "low", "-q"}), 0);
  const auto request = server_.LastRequest<v1::CreateRunRequest>();
  EXPECT_THAT(request.after(), ElementsAre("runs/r7k2m9qa", "runs/r1"));
  EXPECT_EQ(request.priority(), v1::LOW);
}

TEST_F(TrainAfter_Test, WhenNobodyWatchesThenWhatFollowsIsOrderedAllTheSame) {
  EXPECT_EQ(Run({"train", "m", "--then", "evaluate,useful-nodes"}), 0);
  EXPECT_THAT(server_.calls(), ElementsAre("CreateRun", "CreateAnalysis", "CreateAnalysis"));
  const auto request = server_.LastRequest<v1::CreateAnalysisRequest>();
  EXPECT_EQ(request.parent(), "runs/r7k2m9qa");
  EXPECT_TRUE(request.request().has_useful_nodes());
  EXPECT_FALSE(request.validate_only());
  EXPECT_THAT(Err(), HasSubstr("read them with:\nsumscope analyses show r7k2m9qa/a1b2c3d4\n"));
}

TEST_F(TrainAfter_Test, WhenAnOrderIsRefusedThenWhatIsMissingIsTold) {
  server_.refuse_create = MakeError(absl::StatusCode::kResourceExhausted, "QUEUE_FULL", "the queue is full");
  EXPECT_EQ(Run({"train", "m", "--then", "evaluate,cascades"}), 9);
  EXPECT_THAT(Err(), HasSubstr("The run r7k2m9qa is queued. Not ordered: evaluate, cascades. Order it with:\n"
                               "sumscope probe r7k2m9qa evaluate\nsumscope probe r7k2m9qa cascades\n"));
}

TEST_F(TrainAfter_Test, GivenWhatCannotBeThenExitCodeTwoBeforeAnyCall) {
  EXPECT_EQ(Run({"train", "m", "--priority", "urgent"}), 2);
  EXPECT_EQ(Run({"train", "m", "--after", "no such name"}), 2);
  EXPECT_EQ(Run({"train", "m", "--then", "dance"}), 2);
  EXPECT_THAT(server_.calls(), IsEmpty());
}

}  // namespace
}  // namespace sumscope::client

// sumscope runs cancel --all-mine.
#include "gmock/gmock.h"
#include "tests/client/cli/fixtures.h"

namespace sumscope::client {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class CancelAll_Test : public CommandFixture {
 protected:
  CancelAll_Test() { server_.run.set_state(v1::RUNNING); }
  // A person who types `answer` and reads what is asked.
  void Answer(const std::string& answer) {
    terminal_.read_line = [answer] { return answer; };
  }
};

TEST_F(CancelAll_Test, WhenThePersonSaysYesThenAllOfTheirsAreCancelled) {
  Answer("y");
  EXPECT_EQ(Run({"runs", "cancel", "--all-mine", "--filter", "spec.n_digits = 5", "-o", "id"}), 0);
  EXPECT_EQ(server_.LastRequest<v1::ListRunsRequest>().filter(),
            "spec.n_digits = 5 AND owner = \"ada\" AND (state = QUEUED OR state = STARTING OR state = RUNNING)");
  EXPECT_THAT(Err(), HasSubstr("This cancels 3 runs of yours: r0, r1, r2. Go on? [y/N] "));
  EXPECT_EQ(server_.CountCalls("CancelRun"), 3);
  EXPECT_EQ(Out(), "r0\nr1\nr2\n");
}

TEST_F(CancelAll_Test, WhenThePersonDoesNotThenNothingIs) {
  Answer("");
  EXPECT_EQ(Run({"runs", "cancel", "--all-mine"}), 1);
  EXPECT_THAT(Err(), HasSubstr("nothing was cancelled [NOT_CONFIRMED]"));
  EXPECT_EQ(server_.CountCalls("CancelRun"), 0);
}

TEST_F(CancelAll_Test, WhenNobodyIsThereThenItTakesAYes) {
  EXPECT_EQ(Run({"runs", "cancel", "--all-mine"}), 2);
  EXPECT_THAT(Err(), HasSubstr("give --yes"));
  EXPECT_EQ(server_.CountCalls("CancelRun"), 0);
  EXPECT_EQ(Run({"runs", "cancel", "--all-mine", "--yes", "-q"}), 0);
  EXPECT_EQ(server_.CountCalls("CancelRun"), 3);
}

TEST_F(CancelAll_Test, GivenWhatDoesNotGoTogetherThenExitCodeTwoBeforeAnyCall) {
  EXPECT_EQ(Run({"runs", "cancel"}), 2);
  EXPECT_EQ(Run({"runs", "cancel", "r1", "--all-mine"}), 2);
  EXPECT_EQ(Run({"runs", "cancel", "r1", "--filter", "state = QUEUED"}), 2);
  EXPECT_THAT(server_.calls(), IsEmpty());
}

}  // namespace
}  // namespace sumscope::client

// How the labels of runs are set and shown.
#include <string>

#include "gmock/gmock.h"
#include "tests/client/cli/fixtures.h"

namespace sumscope::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class Labels_Test : public CommandFixture {};

TEST_F(Labels_Test, WhenALabelIsGivenTwiceThenExitCodeTwoBeforeAnyCall) {
  EXPECT_EQ(Run({"runs", "label", "r1", "b=1", "b-"}), 2);
  EXPECT_EQ(Run({"runs", "label", "r1", "a=1", "a=2"}), 2);
  EXPECT_EQ(Run({"train", "add_d5_l1_h3", "--label", "a=1", "--label", "a=2"}), 2);
  EXPECT_THAT(server_.calls(), ElementsAre());
}

// "a=1,b=2" was one label or two.
TEST_F(Labels_Test, WhenALabelHoldsACommaThenCsvTellsItFromTwo) {
  server_.run.mutable_labels()->clear();
  (*server_.run.mutable_labels())["a"] = "1,b=2";
  (*server_.run.mutable_labels())["c"] = "\\,";
  EXPECT_EQ(Run({"runs", "list", "-o", "csv"}), 0);
  EXPECT_THAT(Out(), HasSubstr("\"a=1\\,b=2,c=\\\\\\,\""));
}

TEST_F(Labels_Test, WhenLabelsChangeThenTheMaskNamesThem) {
  EXPECT_EQ(Run({"runs", "label", "r1", "a=b", "old-"}), 0);
  const auto request = server_.LastRequest<v1::UpdateRunRequest>();
  EXPECT_EQ(request.run().labels().at("a"), "b");
  EXPECT_EQ(request.run().labels_size(), 1);
  EXPECT_THAT(request.update_mask().paths(), ElementsAre("labels.a", "labels.old"));
  EXPECT_EQ(Run({"runs", "label", "r1", "nonsense"}), 2);
}

// The answer was a table without them.
TEST_F(Labels_Test, WhenLabelsChangeThenTheAnswerShowsThem) {
  server_.run.mutable_labels()->clear();
  EXPECT_EQ(Run({"runs", "label", "r1", "old-"}), 0);
  EXPECT_THAT(Out(), Not(HasSubstr("LABELS")));
  (*server_.run.mutable_labels())["a"] = "b";
  EXPECT_EQ(Run({"runs", "label", "r1", "a=b"}), 0);
  EXPECT_THAT(Out(), HasSubstr("  LABELS\n"));
  EXPECT_THAT(Out(), HasSubstr("  a=b\n"));
  EXPECT_EQ(Run({"runs", "list"}), 0);
  EXPECT_THAT(Out(), Not(HasSubstr("LABELS")));
}

}  // namespace
}  // namespace sumscope::client

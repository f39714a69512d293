// What lists of runs show, filter and note.
#include <gmock/gmock.h>

#include "tests/client/cli/fixtures.h"

namespace sumscope::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class FindingRuns_Test : public CommandFixture {};

TEST_F(FindingRuns_Test, WhenANoteIsKeptThenItIsTheLabelNoteAndShownByItself) {
  EXPECT_EQ(Run({"runs", "note", "r1", "carries", "one nine"}), 0);
  auto request = server_.LastRequest<v1::UpdateRunRequest>();
  EXPECT_EQ(request.run().labels().at("note"), "carries one nine");
  EXPECT_THAT(request.update_mask().paths(), ElementsAre("labels.note"));
  EXPECT_EQ(Run({"runs", "note", "r1", "--remove"}), 0);
  request = server_.LastRequest<v1::UpdateRunRequest>();
  EXPECT_EQ(request.run().labels_size(), 0);
  EXPECT_THAT(request.update_mask().paths(), ElementsAre("labels.note"));
  EXPECT_EQ(Run({"runs", "note", "r1"}), 2);
  EXPECT_EQ(Run({"runs", "note", "r1", "x", "--remove"}), 2);
  (*server_.run.mutable_labels())["note"] = "carries one nine";
  EXPECT_EQ(Run({"runs", "show", "r1"}), 0);
  EXPECT_THAT(Out(), HasSubstr("\nnote           carries one nine\n"));
}

// Which run answers best was known only to who had read every answer.
TEST_F(FindingRuns_Test, WhenRunsAreListedWideThenWhatTheirAnswersSayOfThem) {
  server_.run.set_accuracy(0.9936);
  server_.run.set_accuracy_questions(10'000);
  server_.run.set_nines(2);
  server_.run.set_reads_to(2);
  server_.run.set_sure_to(1);
  server_.run.set_look_back_exact(false);
  EXPECT_EQ(Run({"runs", "list", "-o", "wide"}), 0);
  EXPECT_THAT(Out(), HasSubstr("ACCURACY  NINES  LOOK-BACK "));
  EXPECT_THAT(Out(), HasSubstr(" 99.36 %      2  reads 2, sure 1  "));
  EXPECT_EQ(Run({"runs", "list", "-o", "csv"}), 0);
  EXPECT_THAT(Out(), HasSubstr(",accuracy,accuracy_questions,nines,reads_to,sure_to,look_back_exact\n"));
  EXPECT_THAT(Out(), HasSubstr(",0.9936,10000,2,2,1,false\n"));
  EXPECT_EQ(Run({"runs", "show", "r1"}), 0);
  EXPECT_THAT(Out(), HasSubstr("\naccuracy       99.36 % of 10,000\nlook-back      reads 2, sure 1\n"));
}

TEST_F(FindingRuns_Test, WhenFieldsAreAskedForThenThoseOfFilterAndOrderWithoutACall) {
  EXPECT_EQ(Run({"runs", "list", "--fields"}), 0);
  EXPECT_THAT(Out(), HasSubstr("create_time "));
  EXPECT_THAT(Out(), HasSubstr("spec.n_digits "));
  EXPECT_THAT(server_.calls(), ElementsAre());
}

TEST_F(FindingRuns_Test, GivenARelativeTimeThenTheServerGetsAnAbsoluteOne) {
  EXPECT_EQ(Run({"runs", "list", "--filter", "create_time > -1h"}), 0);
  EXPECT_EQ(server_.LastRequest<v1::ListRunsRequest>().filter(), "create_time > \"2023-11-15T00:00:00+00:00\"");
}

}  // namespace
}  // namespace sumscope::client

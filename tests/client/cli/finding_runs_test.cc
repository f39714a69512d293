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
  for (const char* blank : {"", "   "}) {
    EXPECT_EQ(Run({"runs", "note", "r1", blank}), 2) << "as an unset variable gives it: it wiped the note";
  }
  EXPECT_EQ(Run({"runs", "note", "r1", "x", "--remove"}), 2);
  (*server_.run.mutable_labels())["note"] = "carries one nine";
  EXPECT_EQ(Run({"runs", "show", "r1"}), 0);
  EXPECT_THAT(Out(), HasSubstr("\nnote           carries one nine\n"));
  // It was repeated among the labels.
  EXPECT_THAT(Out(), HasSubstr("\nlabels         purpose=test\n"));
  EXPECT_EQ(Run({"runs", "list", "-o", "csv"}), 0);
  EXPECT_THAT(Out(), HasSubstr("\"note=carries one nine,purpose=test\""));
}

// The order of runs looked random: the column that made it was not in view.
TEST_F(FindingRuns_Test, WhenRunsAreSortedThenTheSortKeysColumnIsInView) {
  server_.run.set_accuracy(0.9936);
  server_.run.set_nines(2);
  server_.run.set_reads_to(2);
  server_.run.set_sure_to(1);
  server_.run.set_look_back_exact(false);
  server_.run.set_owner("augusta-ada-king-of-lovelace");
  terminal_.out_is_terminal = true;
  terminal_.width_of_out = [] { return 80; };
  for (const auto& [key, column] : {std::pair("accuracy", "ACCURACY"),
                                    {"accuracy desc", "ACCURACY"},
                                    {"nines", "NINES"},
                                    {"reads_to desc", "LOOK-BACK"},
                                    {"sure_to asc", "LOOK-BACK"},
                                    {"metrics.heldout_loss", "HELDOUT"},
                                    {"create_time", "AGE"},
                                    {"end_time", "ENDED"}}) {
    EXPECT_EQ(Run({"runs", "list", "--sort-by", key}), 0) << key;
    EXPECT_THAT(Out().substr(0, Out().find('\n')), HasSubstr(column)) << key;
  }
  EXPECT_EQ(Run({"runs", "list"}), 0);
  EXPECT_THAT(Out(), ::testing::Not(HasSubstr("ACCURACY")));
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
  EXPECT_THAT(Out(), HasSubstr(",accuracy,accuracy_questions,nines,reads_to,sure_to,look_back_exact,visibility\n"));
  EXPECT_THAT(Out(), HasSubstr(",0.9936,10000,2,2,1,false,lab\n"));
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

// How a look-back verdict looks to a person.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/client/cli/probe/view_text.h"

namespace sumscope::client {
namespace {

using ::testing::HasSubstr;

class Cascades_Test : public ::testing::Test {
 protected:
  const View view_ = ViewOf("add_d5_l1_h3");
};

TEST_F(Cascades_Test, WhenQuestionsAreTooFewForAVerdictThenItIsSaid) {
  v1::CascadesResult result;
  v1::LookBackDigit* const digit = result.add_additions();
  digit->set_digit("A1");
  digit->set_per_cell(1);
  digit->add_right(1);
  digit->add_kappa(1);
  digit->add_kappa_lower(-0.95);
  EXPECT_THAT(ProbeText(result, view_), HasSubstr("note: too few questions"));
  EXPECT_THAT(ProbeText(result, view_), HasSubstr("\nA1     -      -     1.00\n")) << "0 would say that it is not";
  digit->set_per_cell(145);
  digit->set_kappa_lower(0, 0.94);
  EXPECT_THAT(ProbeText(result, view_), HasSubstr("note: too few questions per digit and length for SURE"));
  digit->set_right(0, 100);  // mistakes make no questions more
  EXPECT_THAT(ProbeText(result, view_), HasSubstr("note: too few questions per digit and length for SURE"));
  digit->set_per_cell(1000);
  digit->set_right(0, 1000);
  digit->set_kappa_lower(0, 0.99);
  EXPECT_THAT(ProbeText(result, view_), ::testing::Not(HasSubstr("note: too few")));
}

TEST_F(Cascades_Test, WhenCascadesAreShownThenTheKappaCurveOfEachDigit) {
  v1::CascadesResult result;
  v1::LookBackDigit* const digit = result.add_additions();
  digit->set_digit("A3");
  digit->set_per_cell(1000);
  for (const double kappa : {1.0, 0.9, 0.12}) {
    digit->add_kappa(kappa);
    digit->add_kappa_lower(kappa - 0.03);
  }
  v1::LookBackDigit* const low = result.add_additions();
  low->set_digit("A1");
  low->add_kappa(1);
  low->add_kappa_lower(0.96);
  const std::string text = ProbeText(result, view_);
  EXPECT_THAT(text, HasSubstr("\nadditions\n"
                              "DIGIT  READS   SURE         K0    K1    K2\n"
                              "A3     2 of 3  1          1.00  0.90  0.12\n"
                              "A1     1 of 1  1 (exact)  1.00\n"));
  EXPECT_THAT(text, HasSubstr("whose kappa is above 0.5, 0.95 with its whole 95 % interval"));
  EXPECT_THAT(text, ::testing::Not(HasSubstr("neither")));
  EXPECT_EQ(ProbeRows(result).Csv(false),
            "add,A3,2,false,0,,1000,1,0.97,,1,\nadd,A3,2,false,1,,1000,0.9,0.87,,1,\n"
            "add,A3,2,false,2,,1000,0.12,0.09,,1,\nadd,A1,1,true,0,,0,1,0.96,,1,\n");
}

TEST_F(Cascades_Test, WhenAnswersAreNeitherDigitThenTheirShareIsShown) {
  v1::CascadesResult result;
  v1::LookBackDigit* const digit = result.add_additions();
  digit->set_digit("A1");
  digit->set_per_cell(1000);
  digit->add_right(104);
  digit->add_other(97);
  digit->add_kappa(0.007);
  EXPECT_THAT(ProbeText(result, view_), HasSubstr("\nadditions: percent of answers with neither carry's digit\n"
                                                  "DIGIT  K0\n"
                                                  "A1     80\n"));
}

// A model with loss 0.068 was shown beside a floor of 0 without a word.
TEST_F(Cascades_Test, WhenTheFloorIsNothingThenItIsSaidWhy) {
  v1::CascadesResult result;
  result.set_sure_above(0.95);
  result.mutable_floor()->set_measured_loss(0.068);
  result.mutable_floor()->set_at_sure_s(0.0345);
  const std::string text = ProbeText(result, view_);
  EXPECT_THAT(text, ::testing::ContainsRegex("floor where each digit reads +none: no column is left unread"));
  EXPECT_THAT(text, ::testing::ContainsRegex("floor where each is sure +0.03450"));
  EXPECT_THAT(text, HasSubstr("a floor takes a column that is read for one that is always read right"));
  EXPECT_THAT(text, ::testing::Not(HasSubstr("below the floor of SURE")));
  result.mutable_floor()->set_at_sure_s(0.07);
  EXPECT_THAT(ProbeText(result, view_), HasSubstr("below the floor of SURE: columns beyond are read too"));
}

}  // namespace
}  // namespace sumscope::client

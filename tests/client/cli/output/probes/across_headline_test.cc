#include "client/cli/output/probes/across_headline.h"

#include <gtest/gtest.h>

namespace sumscope::client {
namespace {

TEST(AcrossHeadline_Test, WhenAPathMatchesThenStarsStayWithinAPart) {
  EXPECT_TRUE(MatchesPath("digits.*.accuracy.rate", "digits.A5.accuracy.rate"));
  EXPECT_FALSE(MatchesPath("cells.*.accuracy.rate", "cells.US9.by_column.0.accuracy.rate"));
  EXPECT_TRUE(MatchesPath("clauses.**.holds", "clauses.A2.SA.holds"));
  EXPECT_FALSE(MatchesPath("clauses.**.holds", "clauses.A2.SA.holds.not"));
  EXPECT_TRUE(MatchesPath("loss", "loss"));
  EXPECT_FALSE(MatchesPath("loss", "losses"));
  EXPECT_FALSE(MatchesPath("loss", ""));
}

TEST(AcrossHeadline_Test, WhenAnAnalysisIsKnownThenWhatMattersComesFirst) {
  EXPECT_LT(*HeadlinePlace("evaluate", "exact.rate"), *HeadlinePlace("evaluate", "loss"));
  EXPECT_LT(*HeadlinePlace("evaluate", "digits.A5.accuracy.rate"), *HeadlinePlace("evaluate", "classes.S3.exact.rate"));
  EXPECT_FALSE(HeadlinePlace("evaluate", "cascades.A3 2.accuracy.rate").has_value());
  EXPECT_TRUE(HeadlinePlace("cascades", "additions.A5.k").has_value());
  EXPECT_TRUE(HeadlinePlace("cascades", "additions.A5.s").has_value());
}

// FLOOR.AT_MEASURED_K and additions.A3.s were met nowhere else.
TEST(AcrossHeadline_Test, GivenAPathThenTheWordsOfTheTablesOfOneRun) {
  EXPECT_EQ(HeadlineWords("cascades", "floor.at_measured_k"), "floor where each digit reads");
  EXPECT_EQ(HeadlineWords("cascades", "additions.A3.s"), "additions: A3 SURE");
  EXPECT_EQ(HeadlineWords("cascades", "subtractions_negative.A3.k"), "subtractions, a < b: A3 READS");
  EXPECT_EQ(HeadlineWords("cascades", "classes.S0.exact.rate"), "classes.S0.exact.rate");
  EXPECT_EQ(HeadlineWords("", "floor.at_measured_k"), "floor.at_measured_k");
}

}  // namespace
}  // namespace sumscope::client

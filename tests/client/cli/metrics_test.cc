#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "tests/client/cli/fixtures.h"

namespace sumscope::client {
namespace {

class Metrics_Test : public CommandFixture {};

TEST_F(Metrics_Test, WhenTheStreamBreaksOrNotThenTheBytesAreTheSame) {
  ASSERT_EQ(Run({"runs", "metrics", "r7", "-o", "csv"}), 0);
  const std::string undisturbed = Out();
  const std::vector<std::string> lines = absl::StrSplit(undisturbed, '\n', absl::SkipEmpty());
  ASSERT_EQ(lines.size(), 21u);
  for (size_t i = 1; i < lines.size(); ++i) EXPECT_EQ(lines[i].find(absl::StrCat(i - 1, ",")), 0u);
  for (int after = 0; after < 3; ++after) {
    server_.break_kind = Break::kUnavailable;
    server_.break_after = after;
    server_.breaks = 3;
    ASSERT_EQ(Run({"runs", "metrics", "r7", "-o", "csv"}), 0);
    EXPECT_EQ(Out(), undisturbed);
  }
  EXPECT_EQ(Run({"runs", "metrics", "r7"}), 0);
  EXPECT_EQ(Out(), undisturbed);
}

TEST_F(Metrics_Test, WhenAFirstStepIsGivenThenRowsBeforeItAreLeftOut) {
  ASSERT_EQ(Run({"runs", "metrics", "r7", "-o", "jsonl", "--first-step", "18"}), 0);
  const std::vector<std::string> lines = absl::StrSplit(Out(), '\n', absl::SkipEmpty());
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].find("{\"step\":18,\"loss\":"), 0u);
}

// Without rows there was no header either: what reads the file next did not know its columns.
TEST_F(Metrics_Test, WhenThereAreNoRowsThenTheHeaderIsThereAllTheSame) {
  const std::string columns = "step,loss,digit_loss.A1,digit_loss.A0,cell_count.BA,cell_loss.BA";
  EXPECT_EQ(Run({"runs", "metrics", "r7", "--first-step", "5000"}), 0);
  EXPECT_EQ(Out(), columns + "\n");
  EXPECT_EQ(Run({"runs", "metrics", "r7", "--first-step", "5000", "--timing"}), 0);
  EXPECT_EQ(Out(), columns + ",steps_per_second\n");
  EXPECT_EQ(Run({"runs", "metrics", "r7", "--first-step", "5000", "--no-headers"}), 0);
  EXPECT_EQ(Out(), "");
  server_.metric_steps = 0;
  EXPECT_EQ(Run({"runs", "metrics", "r7"}), 0);
  EXPECT_EQ(Out(), "step,loss\n");
  EXPECT_EQ(Run({"runs", "metrics", "r7", "-o", "json"}), 0);
  EXPECT_EQ(Out(), "[]\n");
  EXPECT_EQ(Run({"runs", "metrics", "r7", "-o", "jsonl"}), 0);
  EXPECT_EQ(Out(), "");
}

TEST_F(Metrics_Test, WhenTimingIsAskedThenItIsAddedToEachRow) {
  ASSERT_EQ(Run({"runs", "metrics", "r7", "--timing", "--first-step", "18"}), 0);
  const std::vector<std::string> lines = absl::StrSplit(Out(), '\n', absl::SkipEmpty());
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_THAT(lines[0], ::testing::EndsWith(",cell_loss.BA,steps_per_second"));
  EXPECT_THAT(lines[1], ::testing::EndsWith(",118"));
  EXPECT_THAT(lines[2], ::testing::EndsWith(","));
}

TEST_F(Metrics_Test, WhenTheServerStaysAwayThenExitCodeSeven) {
  server_.break_kind = Break::kUnavailable;
  server_.break_after = 0;
  server_.breaks = 1'000'000;
  EXPECT_EQ(Run({"runs", "metrics", "r7"}), 7);
}

TEST_F(Metrics_Test, WhenTheRunWasImportedThenANoteSaysWhyThereIsNothing) {
  server_.run.set_imported(true);
  server_.metric_steps = 0;
  EXPECT_EQ(Run({"runs", "metrics", "r7"}), 0);
  EXPECT_THAT(Err(), ::testing::HasSubstr("it has no metrics"));
}

TEST_F(Metrics_Test, WhenIdsAreAskedThenUsage) { EXPECT_EQ(Run({"runs", "metrics", "r7", "-o", "id"}), 2); }

}  // namespace
}  // namespace sumscope::client

#include "client/cli/output/progress.h"

#include <algorithm>

#include "proto/contract/text/terminal_text.h"
#include "tests/client/cli/fixtures.h"

namespace sumscope::client {
namespace {

class Progress_Test : public ::testing::Test {
 protected:
  Progress_Test() { terminal_.err = &err_; }
  std::ostringstream err_;
  Terminal terminal_;
  FakeClock clock_;
};

TEST(ProgressLine_Test, GivenAnyWidthThenTheLineFits) {
  const Amount amount{0.5, "7500/15000  loss 0.25  150 steps/s  ETA 50 s", "held-out 0.5"};
  for (int width = 0; width < 120; ++width) {
    EXPECT_LE(DisplayWidth(ProgressLine("r7k2m9qa", amount, width)), width) << width;
  }
  EXPECT_EQ(ProgressLine("r1", {0.5, "x", "y"}, 21), "r1  [==>  ]   50 %  x");
  EXPECT_EQ(ProgressLine("r1", {0.5, "x", ""}, 30), "r1  [=======>      ]   50 %  x");
}

TEST(ProgressLine_Test, GivenLessThanTheWholeThenNot100Percent) {
  EXPECT_EQ(ProgressLine("r1", {0.9999, "", ""}, 10), "r1   99 %");
  EXPECT_EQ(ProgressLine("r1", {1, "", ""}, 10), "r1  100 %");
  EXPECT_EQ(ProgressLine("r1", {7, "", ""}, 10), "r1  100 %");
}

TEST_F(Progress_Test, WhenNoTerminalThenAPlainLineEveryFiveSeconds) {
  Progress progress(&terminal_, &clock_, "r1", /*quiet=*/false);
  progress.Update({0.1, "a", ""});
  clock_.monotonic = absl::Seconds(4);
  progress.Update({0.2, "b", ""});
  clock_.monotonic = absl::Seconds(5);
  progress.Update({0.3, "c", ""});
  progress.Say("done");
  EXPECT_EQ(err_.str(), "r1  10 %  a\nr1  30 %  c\ndone\n");
}

// A piped command said "0 %" and nothing else.
TEST_F(Progress_Test, WhenNoTerminalThenABarePercentageIsALineOnlyOnceItMoved) {
  Progress progress(&terminal_, &clock_, "a1", /*quiet=*/false);
  progress.Update({0, "", ""});
  clock_.monotonic = absl::Seconds(2);
  progress.Update({0.2, "", ""});
  EXPECT_EQ(err_.str(), "") << "a short one ends without a word";
  clock_.monotonic = absl::Seconds(5);
  progress.Update({0.3, "", ""});
  clock_.monotonic = absl::Seconds(10);
  progress.Update({0.303, "", ""});
  clock_.monotonic = absl::Seconds(15);
  progress.Update({0.4, "", ""});
  EXPECT_EQ(err_.str(), "a1  30 %\na1  40 %\n");
}

TEST_F(Progress_Test, WhenNoTerminalThenLinesOfALongJobAreRare) {
  Progress progress(&terminal_, &clock_, "r1", /*quiet=*/false);
  constexpr int kHours = 3;
  for (int second = 0; second <= kHours * 3600; ++second) {
    clock_.monotonic = absl::Seconds(second);
    progress.Update({second / (kHours * 3600.0), "a", ""});
  }
  const std::string text = err_.str();
  const auto lines = std::count(text.begin(), text.end(), '\n');
  EXPECT_GE(lines, kHours * 60) << "at least one a minute";
  EXPECT_LE(lines, kHours * 60 + 30);
}

TEST_F(Progress_Test, WhenATerminalThenTheLineIsDrawnOverAndGoneAtTheEnd) {
  terminal_.err_is_terminal = true;
  {
    Progress progress(&terminal_, &clock_, "r1", /*quiet=*/false);
    progress.Update({0.1, "a", ""});
    progress.Say("news\x1b");
  }
  const std::string text = err_.str();
  EXPECT_NE(text.find("\r\x1b[Knews\\x1b\n"), std::string::npos);
  EXPECT_EQ(text.substr(text.size() - 4), "\r\x1b[K");
}

TEST_F(Progress_Test, WhenQuietThenSilent) {
  terminal_.err_is_terminal = true;
  Progress progress(&terminal_, &clock_, "r1", /*quiet=*/true);
  progress.Update({0.1, "a", ""});
  progress.Say("news");
  EXPECT_EQ(err_.str(), "");
}

}  // namespace
}  // namespace sumscope::client

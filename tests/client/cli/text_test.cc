#include "client/cli/output/text.h"

#include <gtest/gtest.h>

namespace sumscope::client {
namespace {

TEST(Text_Test, GivenWhatATerminalObeysThenItIsShownInstead) {
  EXPECT_EQ(EscapeText("a\x1b[2Jb"), "a\\x1b[2Jb");
  EXPECT_EQ(EscapeText("a\nb\tc\r"), "a\\nb\\tc\\x0d");
  EXPECT_EQ(EscapeText("a\nb", true), "a\nb");
  EXPECT_EQ(EscapeText("\xc2\x9b"), "\\x9b");              // C1: an escape sequence in one character
  EXPECT_EQ(EscapeText("\xe2\x80\xaegnp"), "\\u202egnp");  // turns the writing direction
  EXPECT_EQ(EscapeText("bad \xff utf8"), "bad ? utf8");
  EXPECT_EQ(EscapeText("é日本"), "é日本");
}

TEST(Text_Test, GivenTextThenItsWidthInColumns) {
  EXPECT_EQ(DisplayWidth("abc"), 3);
  EXPECT_EQ(DisplayWidth("日本"), 4);
  EXPECT_EQ(DisplayWidth("e\xcc\x81"), 1);  // with a combining accent
  EXPECT_EQ(DisplayWidth(""), 0);
}

TEST(Text_Test, GivenTooWideTextThenItIsCutBetweenCharacters) {
  EXPECT_EQ(FitWidth("abcdef", 6), "abcdef");
  EXPECT_EQ(FitWidth("abcdef", 5), "abc..");
  EXPECT_EQ(FitWidth("日本語", 5), "日..");
  EXPECT_EQ(FitWidth("abc", 1), ".");
  EXPECT_EQ(FitWidth("abc", 0), "");
}

TEST(Text_Test, GivenTooWideTextThenItGoesOnAtItsSpaces) {
  EXPECT_EQ(WrapWords("one two three", 7), (std::vector<std::string>{"one two", "three"}));
  EXPECT_EQ(WrapWords("abcdefgh i", 3), (std::vector<std::string>{"abcdefgh", "i"}));
  EXPECT_EQ(WrapWords("", 3), std::vector<std::string>{""});
}

}  // namespace
}  // namespace sumscope::client

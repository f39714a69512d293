#include "proto/contract/text/terminal_text.h"

#include <gtest/gtest.h>

namespace sumscope {
namespace {

TEST(TerminalText_Test, GivenWhatATerminalObeysThenItIsShownInstead) {
  EXPECT_EQ(EscapeText("a\x1b[2Jb"), "a\\x1b[2Jb");
  EXPECT_EQ(EscapeText("a\nb\tc\r"), "a\\nb\\tc\\x0d");
  EXPECT_EQ(EscapeText("a\nb", true), "a\nb");
  EXPECT_EQ(EscapeText("\xc2\x9b"), "\\x9b");              // C1: an escape sequence in one character
  EXPECT_EQ(EscapeText("\xe2\x80\xaegnp"), "\\u202egnp");  // turns the writing direction
  EXPECT_EQ(EscapeText("bad \xff utf8"), "bad ? utf8");
  EXPECT_EQ(EscapeText("é日本"), "é日本");
}

TEST(TerminalText_Test, GivenTextThenItsWidthInColumns) {
  EXPECT_EQ(DisplayWidth("abc"), 3);
  EXPECT_EQ(DisplayWidth("日本"), 4);
  EXPECT_EQ(DisplayWidth("e\xcc\x81"), 1);     // with a combining accent
  EXPECT_EQ(DisplayWidth("\u2615\u2728"), 4);  // a cup and sparkles, each as wide as an ideogram
  EXPECT_EQ(DisplayWidth("\u2600\u2713"), 2);  // a sun and a tick, which are not
  EXPECT_EQ(DisplayWidth(""), 0);
}

TEST(TerminalText_Test, GivenTooWideTextThenItIsCutBetweenCharacters) {
  EXPECT_EQ(FitWidth("abcdef", 6), "abcdef");
  EXPECT_EQ(FitWidth("abcdef", 5), "abc..");
  EXPECT_EQ(FitWidth("日本語", 5), "日..");
  EXPECT_EQ(FitWidth("abc", 1), ".");
  EXPECT_EQ(FitWidth("abc", 0), "");
}

TEST(TerminalText_Test, GivenTooWideTextThenItGoesOnAtItsSpaces) {
  EXPECT_EQ(WrapWords("one two three", 7), (std::vector<std::string>{"one two", "three"}));
  EXPECT_EQ(WrapWords("a  b c", 4), (std::vector<std::string>{"a  b", "c"}));
  EXPECT_EQ(WrapWords("D3 49 %  D2", 7), (std::vector<std::string>{"D3 49 %", "D2"}));
  EXPECT_EQ(WrapWords("D3 49 %  D2", 5), (std::vector<std::string>{"D3", "49 %", "D2"}));
  EXPECT_EQ(WrapWords("", 3), std::vector<std::string>{""});
}

TEST(TerminalText_Test, GivenATooLongWordThenItIsCutBehindItsParts) {
  EXPECT_EQ(WrapWords("abcdefgh i", 3), (std::vector<std::string>{"abc", "def", "gh", "i"}));
  EXPECT_EQ(WrapWords("x A2.SA,A1.SA,A0", 8), (std::vector<std::string>{"x", "A2.SA,", "A1.SA,A0"}));
  EXPECT_EQ(WrapWords("日本語", 4), (std::vector<std::string>{"日本", "語"}));
}

// The `computed` line and sentences under a table were broken by the terminal, in the middle of a word.
TEST(TerminalText_Test, GivenTooWideLinesThenTheyGoOnUnderTheirValue) {
  EXPECT_EQ(FitLines("computed   cpu of box with two threads\nx\n\n", 31),
            "computed   cpu of box with two\n           threads\nx\n\n");
  EXPECT_EQ(FitLines("  one two three", 9), "one two\nthree");
  EXPECT_EQ(FitLines("  one two three four five six", 24), "  one two three four\n  five six");
  EXPECT_EQ(FitLines("one two three", 0), "one two three");
  EXPECT_EQ(FitLines("Come back with: sumscope runs watch r7\nx", 30), "Come back with:\nsumscope runs watch r7\nx");
  EXPECT_EQ(FitLines("Come back with: sumscope runs watch r7", 38), "Come back with: sumscope runs watch r7");
}

}  // namespace
}  // namespace sumscope

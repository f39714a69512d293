#include "client/cli/output/table.h"

#include <gtest/gtest.h>

namespace sumscope::client {
namespace {

Table Sample() {
  Table table({{"NAME"}, {"LOSS", kForPeople, true}, {"loss", kInCsv}, {"NOTE", kInWide | kInCsv}});
  table.AddRow({"é日本", "0.5", "0.5123", "a,\"b\""});
  table.AddRow({"x", "", "", "\x1b[31m\n"});
  return table;
}

TEST(Table_Test, GivenWideCharactersThenColumnsAlign) {
  EXPECT_EQ(Sample().Aligned(kInTable, true, 0),
            "NAME   LOSS\n"
            "é日本   0.5\n"
            "x         -\n");
}

TEST(Table_Test, GivenControlCharactersThenTheyAreEscaped) {
  EXPECT_EQ(Sample().Aligned(kInWide, false, 0),
            "é日本  0.5  a,\"b\"\n"
            "x        -  \\x1b[31m\\n\n");
}

TEST(Table_Test, GivenCsvThenCellsAreQuotedWhereNeeded) {
  EXPECT_EQ(Sample().Csv(true), "name,loss,note\né日本,0.5123,\"a,\"\"b\"\"\"\nx,,\\x1b[31m\\n\n");
}

TEST(Table_Test, GivenNoRoomThenTextGoesOnBelow) {
  Table table({{"A"}, {"TEXT", kEverywhere, false, /*wrap=*/7}, {"B"}});
  table.AddRow({"1", "one two three", "2"});
  EXPECT_EQ(table.Aligned(kInTable, true, 0), "A  TEXT           B\n1  one two three  2\n");
  EXPECT_EQ(table.Aligned(kInTable, true, 13),
            "A  TEXT     B\n"
            "1  one two  2\n"
            "   three\n");
  EXPECT_EQ(table.Aligned(kInWide, false, 13), "1  one two  2\n   three\n");
  EXPECT_EQ(table.Csv(false), "1,one two three,2\n");
}

// A header of two words made a column of numbers twice as broad as its numbers.
TEST(Table_Test, GivenNoRoomThenHeadersGoOnBelow) {
  Table table({{"A"}, {"IN THEORY", kEverywhere, true}});
  table.AddRow({"1", "4.2"});
  EXPECT_EQ(table.Aligned(kInTable, true, 9), "A      IN\n   THEORY\n1     4.2\n");
}

TEST(Table_Test, GivenNoRoomThenTextIsCutButWhereAllIsAskedFor) {
  Table table({{"A"}, {"TEXT", kEverywhere, false, 0, /*cut=*/4}});
  table.AddRow({"1", "abc defgh"});
  EXPECT_EQ(table.Aligned(kInTable, false, 8), "1  abc..\n");
  EXPECT_EQ(table.Aligned(kInWide, false, 8), "1  abc\n   defgh\n");
}

TEST(Table_Test, GivenNoRoomThenTheLeastNeededColumnIsLeftOutAndNamed) {
  Table table({{"A"}, {"B", kEverywhere, true, 0, 0, /*drop=*/1}, {"C", kEverywhere, false, 0, 0, /*drop=*/2}});
  table.AddRow({"1111", "2222", "3333"});
  EXPECT_EQ(table.Aligned(kInTable, true, 16), "A        B  C\n1111  2222  3333\n");
  EXPECT_EQ(table.Aligned(kInTable, true, 15), "A        B\n1111  2222\n(no room for C: -o wide)\n");
  EXPECT_EQ(table.Aligned(kInTable, true, 9), "A\n1111\n(no room for B, C: -o wide)\n");
  EXPECT_EQ(table.Aligned(kInWide, true, 15), "A        B\n1111  2222\n\nA     C\n1111  3333\n");
}

// Grids of many heads or digits: each row was broken in the middle.
TEST(Table_Test, GivenNoRoomForAGridThenItGoesOnInBlocksBelow) {
  Table table({{"ROW"}, {"H0"}, {"H1"}, {"H2"}});
  table.AddRow({"P1", "aaaa", "bbbb", "cccc"});
  EXPECT_EQ(table.Aligned(kInTable, true, 16), "ROW  H0    H1\nP1   aaaa  bbbb\n\nROW  H2\nP1   cccc\n");
  EXPECT_EQ(table.Aligned(kInTable, false, 6), "P1  aa\n    aa\n\nP1  bb\n    bb\n\nP1  cc\n    cc\n");
}

// Rows of a block below were told by a column that several of them share: they matched by counting alone.
TEST(Table_Test, GivenNoRoomThenEachBlockBeginsWithWhatTellsItsRowsApart) {
  Table table({{"TAG"}, {"NODE"}, {"RUN"}, {"FOUND BY"}});
  table.AddRow({"A2.SC", "P1", "aaaaaa", "bbbbbbbb"});
  table.AddRow({"A2.SC", "P2", "aaaaaa", "cccccccc"});
  EXPECT_EQ(table.Aligned(kInTable, true, 22),
            "TAG    NODE  RUN\n"
            "A2.SC  P1    aaaaaa\n"
            "A2.SC  P2    aaaaaa\n"
            "\n"
            "TAG    NODE  FOUND BY\n"
            "A2.SC  P1    bbbbbbbb\n"
            "A2.SC  P2    cccccccc\n");
  // Rows that are equal throughout need no telling apart.
  Table same({{"TAG"}, {"NODE"}, {"RUN"}});
  for (int i = 0; i < 2; ++i) same.AddRow({"A2.SC", "P1", "aaaaaa"});
  EXPECT_EQ(same.Aligned(kInTable, false, 14), "A2.SC  P1\nA2.SC  P1\n\nA2.SC  aaaaaa\nA2.SC  aaaaaa\n");
  // What tells them apart leaves no room for more: as much of it as does.
  Table broad({{"A"}, {"B"}, {"C"}});
  broad.AddRow({"aaaa", "bbbbbbbb", "1"});
  broad.AddRow({"aaaa", "cccccccc", "2"});
  EXPECT_EQ(broad.Aligned(kInTable, false, 15), "aaaa  bbbbbbbb\naaaa  cccccccc\n\naaaa  1\naaaa  2\n");
}

TEST(Table_Test, GivenPairsThenEmptyOnesAreLeftOut) {
  EXPECT_EQ(AlignedPairs({{"a", "1"}, {"long", "2"}, {"longest one", ""}}), "a     1\nlong  2\n");
}

}  // namespace
}  // namespace sumscope::client

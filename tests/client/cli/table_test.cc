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
  EXPECT_EQ(Sample().Aligned(kInTable, true),
            "NAME   LOSS\n"
            "é日本   0.5\n"
            "x         -\n");
}

TEST(Table_Test, GivenControlCharactersThenTheyAreEscaped) {
  EXPECT_EQ(Sample().Aligned(kInWide, false),
            "é日本  0.5  a,\"b\"\n"
            "x        -  \\x1b[31m\\n\n");
}

TEST(Table_Test, GivenCsvThenCellsAreQuotedWhereNeeded) {
  EXPECT_EQ(Sample().Csv(true), "name,loss,note\né日本,0.5123,\"a,\"\"b\"\"\"\nx,,\\x1b[31m\\n\n");
}

TEST(Table_Test, GivenALongCellThenItGoesOnBelowInTheTableAlone) {
  Table table({{"A"}, {"TEXT", kEverywhere, false, /*wrap=*/7}, {"B"}});
  table.AddRow({"1", "one two three", "2"});
  EXPECT_EQ(table.Aligned(kInTable, true),
            "A  TEXT     B\n"
            "1  one two  2\n"
            "   three\n");
  EXPECT_EQ(table.Aligned(kInWide, false), "1  one two three  2\n");
  EXPECT_EQ(table.Csv(false), "1,one two three,2\n");
}

TEST(Table_Test, GivenALongValueThenItGoesOnBelow) {
  const std::string word(60, 'x');
  EXPECT_EQ(AlignedPairs({{"a", word + " " + word}, {"b", "1  2"}}), "a  " + word + "\n   " + word + "\nb  1  2\n");
}

TEST(Table_Test, GivenPairsThenEmptyOnesAreLeftOut) {
  EXPECT_EQ(AlignedPairs({{"a", "1"}, {"long", "2"}, {"longest one", ""}}), "a     1\nlong  2\n");
}

}  // namespace
}  // namespace sumscope::client

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

TEST(Table_Test, GivenPairsThenEmptyOnesAreLeftOut) {
  EXPECT_EQ(AlignedPairs({{"a", "1"}, {"long", "2"}, {"longest one", ""}}), "a     1\nlong  2\n");
}

}  // namespace
}  // namespace sumscope::client

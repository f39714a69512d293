#include "client/cli/output/runs/metric_rows.h"

#include <gtest/gtest.h>

#include "absl/strings/str_split.h"
#include "tests/client/fake_server.h"

namespace sumscope::client {
namespace {

std::string Rows(Format format, const std::vector<v1::MetricBlock>& blocks, const v1::MetricBlock* extra = nullptr) {
  MetricRows rows(format, true, /*width=*/0);
  std::string text;
  for (const v1::MetricBlock& block : blocks) text += rows.Add(block, extra).value();
  return text + rows.End();
}

TEST(MetricRows_Test, GivenABlockThenCsvHasCountsAsWholeNumbersAndNanEmpty) {
  EXPECT_EQ(Rows(Format::kCsv, {MetricBlockOf(0, 2)}),
            "step,loss,digit_loss.A1,digit_loss.A0,cell_count.BA,cell_loss.BA\n"
            "0,2.5,0.8333333333333334,0.35714285714285715,0,\n"
            "1,1.25,0.4166666666666667,0.17857142857142858,13,1.25e-09\n");
}

TEST(MetricRows_Test, GivenAnyCutOfTheStreamThenTheBytesAreTheSame) {
  for (const Format format : {Format::kCsv, Format::kJsonl, Format::kJson, Format::kTable}) {
    const std::string whole = Rows(format, {MetricBlockOf(0, 10)});
    EXPECT_EQ(Rows(format, {MetricBlockOf(0, 3), MetricBlockOf(3, 1), MetricBlockOf(4, 6)}), whole);
  }
}

TEST(MetricRows_Test, GivenJsonThenNanIsNullAndTheDocumentParses) {
  const auto json = nlohmann::json::parse(Rows(Format::kJson, {MetricBlockOf(0, 1), MetricBlockOf(1, 2)}));
  ASSERT_EQ(json.size(), 3u);
  EXPECT_TRUE(json[0]["cell_loss.BA"].is_null());
  EXPECT_EQ(json[1]["step"], 1);
  EXPECT_EQ(json[1]["loss"].get<double>(), MetricRow(1)[0]);
  EXPECT_EQ(Rows(Format::kJson, {}), "[]\n");
  EXPECT_EQ(Rows(Format::kCsv, {}), "");
}

TEST(MetricRows_Test, GivenShorterTimingThenMissingCellsAreEmpty) {
  v1::MetricBlock timing;
  timing.set_first_step(1);
  timing.set_count(1);
  timing.add_columns("steps_per_second");
  timing.add_values(99.5);
  const std::vector<std::string> lines = absl::StrSplit(Rows(Format::kCsv, {MetricBlockOf(0, 3)}, &timing), '\n');
  EXPECT_EQ(lines[0].substr(lines[0].rfind(',')), ",steps_per_second");
  EXPECT_EQ(lines[1].substr(lines[1].rfind(',')), ",");
  EXPECT_EQ(lines[2].substr(lines[2].rfind(',')), ",99.5");
  EXPECT_EQ(lines[3].substr(lines[3].rfind(',')), ",");
}

// A training of five digits has a dozen columns: each line of the table was three of a terminal.
TEST(MetricRows_Test, GivenATerminalThenTheColumnsThatItHasRoomFor) {
  MetricRows rows(Format::kTable, true, /*width=*/30);
  EXPECT_EQ(*rows.Add(MetricBlockOf(0, 1), nullptr), "step              loss\n0              2.50000\n");
  EXPECT_EQ(rows.End(), "(no room for digit_loss.A1, digit_loss.A0, cell_count.BA, cell_loss.BA: -o csv)\n");
}

TEST(MetricRows_Test, WhenColumnsChangeThenDataLoss) {
  MetricRows rows(Format::kCsv, true, /*width=*/0);
  ASSERT_TRUE(rows.Add(MetricBlockOf(0, 1), nullptr).ok());
  v1::MetricBlock other = MetricBlockOf(1, 1);
  other.set_columns(0, "Loss");
  EXPECT_EQ(rows.Add(other, nullptr).status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace sumscope::client

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/cli/output/numbers.h"
#include "client/cli/output/probes/view_parts.h"

namespace sumscope::client {
namespace {

// A pair that gets less of a head's attention than this stands for nothing; the tags of attention begin here too.
constexpr double kLeastShare = 10;

std::string HeadText(const v1::AttentionHead& head) { return absl::StrCat("L", head.layer(), "H", head.head()); }

std::string RowTextOf(const v1::AttentionRow& row) { return RowText(row.position(), row.meaning(), row.predicts()); }

std::string PairText(const v1::AttentionRow& row) {
  if (!row.has_pair()) return "";
  if (row.pair_percent() < kLeastShare) return ".";
  return absl::StrFormat("D%d+D'%d %s", row.pair(), row.pair(), WholePercent(row.pair_percent()));
}

// Which digit pair each head reads at each row.
Table Staircase(const v1::AttentionResult& result) {
  std::vector<Column> columns = {{"ROW"}};
  for (const v1::AttentionHead& head : result.heads()) columns.push_back({HeadText(head)});
  Table table(std::move(columns));
  if (result.heads().empty()) return table;
  for (int i = 0; i < result.heads(0).rows_size(); ++i) {
    std::vector<std::string> cells = {RowTextOf(result.heads(0).rows(i))};
    for (const v1::AttentionHead& head : result.heads()) {
      cells.push_back(i < head.rows_size() ? PairText(head.rows(i)) : "");
    }
    table.AddRow(std::move(cells));
  }
  return table;
}

Table Sources(const v1::AttentionHead& head) {
  Table table({{"ROW"}, {"READS", kEverywhere, false, /*wrap=*/24}});
  for (const v1::AttentionRow& row : head.rows()) {
    table.AddRow(
        {RowTextOf(row), absl::StrJoin(row.top(), "  ", [](std::string* out, const v1::AttentionSource& source) {
           absl::StrAppend(out, RowText(source.position(), source.meaning(), ""), " ", WholePercent(source.percent()));
         })});
  }
  return table;
}

}  // namespace

std::string ProbeText(const v1::AttentionResult& result, const View& view) {
  std::string text = absl::StrCat("mean attention over ", Counted(result.questions(), "question"), "\n");
  AppendTable(&text, absl::StrCat("digit pair that each head reads most (\".\": less than ", kLeastShare, " %)"),
              Staircase(result), view);
  for (const v1::AttentionHead& head : result.heads()) {
    AppendTable(&text, absl::StrCat(HeadText(head), ": largest sources, from 1 % on"), Sources(head), view);
  }
  const bool each =
      !result.heads().empty() && !result.heads(0).rows().empty() && !result.heads(0).rows(0).questions().empty();
  if (each) absl::StrAppend(&text, "\nthe pattern of each question: -o json or csv\n");
  return text;
}

Table ProbeRows(const v1::AttentionResult& result) {
  Table table(
      {{"layer"}, {"head"}, {"position"}, {"meaning"}, {"predicts"}, {"question"}, {"key_position"}, {"weight"}});
  for (const v1::AttentionHead& head : result.heads()) {
    for (const v1::AttentionRow& row : head.rows()) {
      const auto add = [&](const std::string& question, const google::protobuf::RepeatedField<float>& weights) {
        for (int key = 0; key < weights.size(); ++key) {
          table.AddRow({absl::StrCat(head.layer()), absl::StrCat(head.head()), absl::StrCat(row.position()),
                        row.meaning(), row.predicts(), question, absl::StrCat(key),
                        ShortestDouble(static_cast<double>(weights[key]))});
        }
      };
      add("", row.weights());
      for (const v1::QuestionPattern& pattern : row.questions()) add(pattern.question(), pattern.weights());
    }
  }
  return table;
}

}  // namespace sumscope::client

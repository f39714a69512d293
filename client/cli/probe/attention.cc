// sumscope probe RUN[@STEP] attention: which tokens each head reads.
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/cli/output/numbers.h"
#include "client/cli/probe/views/probe.h"
#include "client/cli/probe/views/view_parts.h"

namespace sumscope::client {
namespace {

struct ProbeAttentionOptions {
  bool all_rows = false, per_question = false;
};

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

class AttentionProbe final : public TypedProbe<v1::AttentionRequest, v1::AttentionResult> {
  std::string description() const override { return "Which tokens each head reads, and the staircase of digit pairs"; }
  bool follows_training() const override { return true; }
  FillOwn DoAddOptions(Command command) const override {
    const auto options = std::make_shared<ProbeAttentionOptions>();
    command.AddFlag("--all-rows", &options->all_rows, "every query row, not only those that write the answer");
    command.AddFlag("--per-question", &options->per_question,
                    "also the pattern of each question; at most 100 questions");
    return [options](v1::AttentionRequest* attention) {
      if (options->all_rows) attention->set_all_rows(true);
      if (options->per_question) attention->set_per_question(true);
      return absl::OkStatus();
    };
  }
  std::string DoText(const v1::AttentionResult& result, const View& view) const override {
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
  Table DoRows(const v1::AttentionResult& result) const override {
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
  std::vector<absl::string_view> headlines() const override { return {"heads.*.rows.*.pair"}; }
};

}  // namespace

const Probe& ProbeAttention() {
  static const auto* const kProbe = new AttentionProbe;
  return *kProbe;
}

}  // namespace sumscope::client

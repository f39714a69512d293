// sumscope probe RUN[@STEP] attribution: what each component adds to the true token's logit.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "client/cli/output/numbers.h"
#include "client/cli/probe/views/probe.h"
#include "client/cli/probe/views/view_parts.h"

namespace sumscope::client {
namespace {

template <typename Cell>
Table LogitGrid(const v1::AttributionResult& result, const char* first, const char* total, Cell cell) {
  std::vector<Column> columns = {{first}};
  for (const std::string& token : result.answer_tokens()) columns.push_back(NumberColumn(token));
  Table table(std::move(columns));
  const auto add = [&](const std::string& name, const google::protobuf::RepeatedField<double>& values) {
    std::vector<std::string> cells = {name};
    for (const double value : values) cells.push_back(cell(value));
    table.AddRow(std::move(cells));
  };
  for (const v1::AttributionPart& part : result.parts()) add(part.component(), part.logits());
  add(total, result.true_logit());
  return table;
}

class AttributionProbe final : public TypedProbe<v1::AttributionRequest, v1::AttributionResult> {
  std::string description() const override { return "What each head and MLP adds to the logit of the true token"; }
  bool follows_training() const override { return true; }
  std::string DoText(const v1::AttributionResult& result, const View& view) const override {
    std::string text = absl::StrCat("what each component adds to the logit of the true token, mean over ",
                                    Counted(result.questions(), "question"), "\n");
    AppendTable(&text, "by answer token",
                LogitGrid(result, "COMPONENT", "sum = logit", [](double value) { return FormatDecimals(value, 2); }),
                view);
    absl::StrAppend(&text, "\nlargest error of the sum over single questions  ",
                    FormatDigits(result.largest_sum_error(), 2), "\n");
    return text;
  }
  Table DoRows(const v1::AttributionResult& result) const override {
    Table table({{"component"}, {"answer_token"}, {"logit"}});
    const auto add = [&](const std::string& name, const google::protobuf::RepeatedField<double>& values) {
      for (int i = 0; i < std::min(values.size(), result.answer_tokens_size()); ++i) {
        table.AddRow({name, result.answer_tokens(i), ShortestDouble(values[i])});
      }
    };
    for (const v1::AttributionPart& part : result.parts()) add(part.component(), part.logits());
    add("true_logit", result.true_logit());
    return table;
  }
  std::vector<absl::string_view> headlines() const override { return {"true_logit.*", "parts.**.logits.*"}; }
};

}  // namespace

const Probe& ProbeAttribution() {
  static const auto* const kProbe = new AttributionProbe;
  return *kProbe;
}

}  // namespace sumscope::client

// What `sumscope ask` shows: one question, answered with and without an intervention.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/output/numbers.h"
#include "client/cli/probe/views/probe.h"
#include "client/cli/probe/views/view_parts.h"

namespace sumscope::client {
namespace {

// 0.9998 as "99.98 %".
std::string Probability(double p) { return absl::StrCat(RoundPercent(100 * p, 2), " %"); }

std::string AnswerText(const v1::AskedAnswer& answer) {
  return absl::StrCat(answer.predicted(), answer.right() ? " (right)" : " (wrong)", ", loss ",
                      FormatLoss(answer.loss()));
}

std::vector<std::string> TokenCells(const v1::AskedToken& token) {
  return {token.predicted(), Probability(token.p_predicted()), Probability(token.p_truth())};
}

// Digit by digit, plain and intervened side by side; a predicted token that is wrong has '*'.
Table Tokens(const v1::AskResult& result) {
  std::vector<Column> columns = {{"DIGIT"}, {"TRUE"}, {"MODEL"}, NumberColumn("P(MODEL)"), NumberColumn("P(TRUE)")};
  if (result.has_intervened()) {
    columns.push_back({"INTERVENED"});
    columns.push_back(NumberColumn("P(INTERV.)"));
    columns.push_back(NumberColumn("P(TRUE)"));
  }
  Table table(std::move(columns));
  for (int i = 0; i < result.plain().tokens_size(); ++i) {
    const v1::AskedToken& token = result.plain().tokens(i);
    std::vector<std::string> cells = {token.digit(), token.truth()};
    const auto add = [&cells](const v1::AskedToken& said) {
      std::vector<std::string> more = TokenCells(said);
      if (said.predicted() != said.truth()) more[0] += " *";
      cells.insert(cells.end(), more.begin(), more.end());
    };
    add(token);
    if (result.has_intervened() && i < result.intervened().tokens_size()) add(result.intervened().tokens(i));
    table.AddRow(std::move(cells));
  }
  return table;
}

class AskProbe final : public TypedProbe<v1::AskRequest, v1::AskResult> {
  Pairs DoDescribe(const v1::AskRequest& request) const override {
    Pairs pairs;
    if (!request.ablate().empty()) {
      std::string how = AblationModeText(request.mode());
      if (request.mode() == v1::MEAN) how = "mean over 1,000 uniform questions of the same operation";
      if (request.mode() == v1::RESAMPLE) how = "resample among 1,000 uniform questions of the same operation";
      pairs.emplace_back("ablated", absl::StrCat(absl::StrJoin(request.ablate(), ", "), " (", how, ")"));
    }
    if (!request.patch_from().empty()) {
      pairs.emplace_back("patched",
                         absl::StrCat(absl::StrJoin(request.patch_nodes(), ", "), ", as in ", request.patch_from()));
    }
    return pairs;
  }
  std::string DoBrief(const v1::AskRequest& ask) const override {
    const std::string ablated = ask.ablate().empty() ? "" : absl::StrCat("ablate ", absl::StrJoin(ask.ablate(), " "));
    if (ask.patch_from().empty()) return ablated;
    return absl::StrCat(ablated, ablated.empty() ? "" : " ", "patch ", absl::StrJoin(ask.patch_nodes(), " "));
  }
  bool tells_apart_in_lists() const override { return true; }
  std::string DoText(const v1::AskResult& result, const View& view) const override {
    std::string text =
        AlignedPairs({{"question", absl::StrCat(result.question(), "=", result.true_answer())},
                      {"class", result.question_class()},
                      {"model", AnswerText(result.plain())},
                      {"intervened", result.has_intervened() ? AnswerText(result.intervened()) : ""},
                      {"look-back-2 says",
                       result.look_back_2().empty()
                           ? ""
                           : absl::StrCat(result.look_back_2(),
                                          result.look_back_2() == result.true_answer() ? " (right)" : " (wrong)")},
                      {"generated", result.generated()},
                      {"generated, intervened", result.generated_intervened()},
                      {"activation moved by", result.has_intervened() ? FormatDigits(result.moved_l2(), 3) : ""}});
    AppendTable(&text, "digit by digit, given the true digits before it (* wrong)", Tokens(result), view);
    AppendWarnings(&text, result.warnings());
    return text;
  }
  Table DoRows(const v1::AskResult& result) const override {
    Table table({{"answer"}, {"digit"}, {"truth"}, {"predicted"}, {"p_truth"}, {"p_predicted"}});
    const auto add = [&table](const char* name, const v1::AskedAnswer& answer) {
      for (const v1::AskedToken& token : answer.tokens()) {
        table.AddRow({name, token.digit(), token.truth(), token.predicted(), ShortestDouble(token.p_truth()),
                      ShortestDouble(token.p_predicted())});
      }
    };
    add("plain", result.plain());
    if (result.has_intervened()) add("intervened", result.intervened());
    return table;
  }
};

}  // namespace

const Probe& ProbeAsk() {
  static const auto* const kProbe = new AskProbe;
  return *kProbe;
}

}  // namespace sumscope::client

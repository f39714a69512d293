// Which tokens each head reads.
#include "absl/strings/str_cat.h"
#include "proto/contract/analyses/typed_kind.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/limits.h"
#include "proto/contract/models/node_names.h"

namespace sumscope {
namespace {

// Weights of attention that a result holds beside those of single questions.
uint64_t CountWeights(const v1::TrainSpec& spec, const v1::AttentionRequest& request) {
  const uint64_t context = ContextLength(spec), answer_rows = spec.n_digits() + (spec.format() == v1::PLAIN ? 1 : 2);
  return uint64_t{spec.n_layers()} * spec.n_heads() * (request.all_rows() ? context : answer_rows) * context;
}

class Attention final : public TypedKind<v1::AttentionRequest, v1::AttentionResult> {
  absl::Status DoComplete(const v1::TrainSpec&, const v1::QuestionSet&, v1::AttentionRequest* request) const override {
    request->set_all_rows(request->all_rows());
    request->set_per_question(request->per_question());
    return absl::OkStatus();
  }
  void DoRules(const v1::TrainSpec&, const v1::AttentionRequest& request, QuestionRules* rules) const override {
    if (request.per_question()) rules->default_count = rules->max_count = limits::kMaxPatternQuestions;
  }
  absl::Status DoCompleteWithQuestions(const v1::TrainSpec& spec, const v1::QuestionSet& questions,
                                       v1::AttentionRequest* request) const override {
    constexpr char kAdvice[] = ": use a capture of blocks.*.attn.hook_pattern with reduction mean";
    const uint64_t weights = CountWeights(spec, *request);
    if (request->all_rows() && weights > limits::kMaxResultWeights) {
      return InvalidField("RESULT_TOO_LARGE", "request.attention.all_rows",
                          absl::StrCat("every row is ", weights, " weights; at most ", limits::kMaxResultWeights,
                                       " fit a result", kAdvice));
    }
    const uint64_t listed = weights * CountQuestions(spec, questions).value_or(limits::kMaxPatternQuestions);
    if (request->per_question() && listed > limits::kMaxListedValues) {
      return InvalidField("RESULT_TOO_LARGE", "request.attention.per_question",
                          absl::StrCat("the patterns of single questions are ", listed, " weights; at most ",
                                       limits::kMaxListedValues, " fit a result: ask about fewer questions"));
    }
    return absl::OkStatus();
  }
  AnalysisCost DoCost(const v1::TrainSpec& spec, const v1::QuestionSet&, double count,
                      const v1::AttentionRequest&) const override {
    return CostOfPasses(spec, count, LookingBytes(spec, count));
  }
  std::vector<v1::NodeTag> DoTags(const v1::AttentionResult& result) const override {
    return {result.tags().begin(), result.tags().end()};
  }
};

}  // namespace

const AnalysisKind& AttentionKind() {
  static const auto* const kKind = new Attention;
  return *kKind;
}

}  // namespace sumscope

// What a head's output varies by.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "proto/contract/analyses/node_sets.h"
#include "proto/contract/analyses/size_checks.h"
#include "proto/contract/analyses/typed_kind.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/models/node_names.h"

namespace sumscope {
namespace {

constexpr uint32_t kDefaultDigit = 2;
constexpr uint32_t kDefaultPcaComponents = 3;

// Heads that it looks at: those named, else every one at every position from the operator to the last answer row.
uint64_t CountNodes(const v1::TrainSpec& spec, const v1::PcaRequest& request) {
  if (!request.nodes().empty()) return static_cast<uint64_t>(request.nodes_size());
  return uint64_t{spec.n_layers()} * spec.n_heads() * (ContextLength(spec) - 1 - spec.n_digits());
}

absl::Status CompleteDigit(const v1::TrainSpec& spec, const v1::QuestionSet& questions, v1::PcaRequest* request) {
  constexpr char kField[] = "request.pca.digit";
  if (questions.has_tricase() && request->has_digit() && request->digit() != questions.tricase().digit()) {
    return InvalidField("DIGITS_DIFFER", kField,
                        absl::StrCat("the tri-cases of the questions are of digit ", questions.tricase().digit(),
                                     ", but pca.digit is ", request->digit(), ": leave one of them unset"));
  }
  if (questions.has_tricase()) request->set_digit(questions.tricase().digit());
  if (!request->has_digit()) request->set_digit(std::min(kDefaultDigit, spec.n_digits() - 1));
  if (request->digit() < spec.n_digits()) return absl::OkStatus();
  return InvalidField("DIGIT_OUT_OF_RANGE", kField,
                      absl::StrCat("digit is ", request->digit(), "; expected 0 to ", spec.n_digits() - 1));
}

// The distances of three silhouettes, about 10 ns a pair: as many operations as an intervention does meanwhile.
Work WorkOfDistances(double nodes, double questions) {
  constexpr double kFlopsPerPair = 600;
  return {nodes * questions * questions * kFlopsPerPair, 0};
}

class Pca final : public TypedKind<v1::PcaRequest, v1::PcaResult> {
  absl::Status DoComplete(const v1::TrainSpec& spec, const v1::QuestionSet& questions,
                          v1::PcaRequest* request) const override {
    constexpr char kField[] = "request.pca.nodes";
    SUMSCOPE_RETURN_IF_ERROR(CompleteDigit(spec, questions, request));
    if (!request->has_components()) request->set_components(kDefaultPcaComponents);
    request->set_with_scores(request->with_scores());
    request->set_seed(request->seed());
    SUMSCOPE_RETURN_IF_ERROR(
        CheckComponents("request.pca.components", request->components(), limits::kMaxPcaComponents));
    SUMSCOPE_RETURN_IF_ERROR(CompleteNodeSets(spec, kField, request->mutable_nodes()));
    for (int i = 0; i < request->nodes_size(); ++i) {
      SUMSCOPE_ASSIGN_OR_RETURN(const NodeName node,
                                ParseSingleNode(spec, "NODE_INVALID", At(kField, i), request->nodes(i), "a head"));
      if (node.kind != NodeName::Kind::kHead) {
        return InvalidField("NODE_INVALID", At(kField, i),
                            absl::StrCat(request->nodes(i), " is not a head; expected one like P14L0H1"));
      }
    }
    const uint64_t nodes = CountNodes(spec, *request);
    if (request->with_scores() && nodes > limits::kMaxScoredNodes) {
      return InvalidField("TOO_MANY_SCORED_NODES", kField,
                          absl::StrCat("scores of ", nodes, " nodes; at most ", limits::kMaxScoredNodes,
                                       " fit a result: name those that matter"));
    }
    return absl::OkStatus();
  }
  void DoRules(const v1::TrainSpec&, const v1::PcaRequest& request, QuestionRules* rules) const override {
    rules->needs_columns = rules->needs_one_operation = true;
    rules->default_tricase = request.digit();
  }
  absl::Status DoCompleteWithQuestions(const v1::TrainSpec& spec, const v1::QuestionSet& questions,
                                       v1::PcaRequest* request) const override {
    if (!request->with_scores()) return absl::OkStatus();
    const uint64_t asked = CountQuestions(spec, questions).value_or(limits::kMaxInlineQuestions);
    const uint64_t values = asked * request->nodes_size() * request->components();
    if (values <= limits::kMaxListedValues) return absl::OkStatus();
    return InvalidField("RESULT_TOO_LARGE", "request.pca.with_scores",
                        absl::StrCat("the scores are ", values, " numbers; at most ", limits::kMaxListedValues,
                                     " fit a result: ask about fewer questions or nodes"));
  }
  absl::Status DoCheckCount(const v1::TrainSpec& spec, uint64_t count, const v1::PcaRequest& request) const override {
    SUMSCOPE_RETURN_IF_ERROR(CheckAtLeast(name(), count, limits::kMinPcaQuestions));
    if (count > limits::kMaxPcaQuestions) {
      return InvalidField("TOO_MANY_QUESTIONS", "question_set",
                          absl::StrCat("pca is asked about ", count,
                                       " questions; its silhouettes compare all with all, so that it takes at most ",
                                       limits::kMaxPcaQuestions));
    }
    return CheckHeldBytes("request.pca.nodes", CountNodes(spec, request) * spec.d_head(), count,
                          "name fewer nodes, or ask about fewer questions");
  }
  AnalysisCost DoCost(const v1::TrainSpec& spec, const v1::QuestionSet&, double count,
                      const v1::PcaRequest& request) const override {
    const auto nodes = static_cast<double>(CountNodes(spec, request));
    return CostOfWork(spec, count, Intervening(count * WorkOfPass(spec) + WorkOfDistances(nodes, count)),
                      ReadingBytes(spec, count) + count * nodes * spec.d_head() * sizeof(double));
  }
  std::vector<v1::NodeTag> DoTags(const v1::PcaResult& result) const override {
    return {result.tags().begin(), result.tags().end()};
  }
};

}  // namespace

const AnalysisKind& PcaKind() {
  static const auto* const kKind = new Pca;
  return *kKind;
}

}  // namespace sumscope

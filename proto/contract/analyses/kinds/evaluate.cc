// How often the model is right, and where it is wrong.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "proto/contract/analyses/typed_kind.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/limits.h"
#include "proto/contract/models/model_cost.h"

namespace sumscope {
namespace {

constexpr uint64_t kDefaultEvaluated = 10'000;
constexpr uint32_t kDefaultWorstCount = 20;
constexpr double kGeneratedSample = 10'000;  // questions that the model answers by itself, unless all
constexpr double kLossSample = 10'000;       // questions whose losses are measured, unless all

class Evaluate final : public TypedKind<v1::EvaluateRequest, v1::EvaluateResult> {
  uint32_t version() const override { return 3; }
  bool keeps_state() const override { return true; }

  absl::Status DoComplete(const v1::TrainSpec&, const v1::QuestionSet&, v1::EvaluateRequest* request) const override {
    request->set_generate(request->generate());
    request->set_loss_in_full(request->loss_in_full());
    if (!request->has_worst_count()) request->set_worst_count(kDefaultWorstCount);
    if (request->worst_count() <= limits::kMaxWorstQuestions) return absl::OkStatus();
    return InvalidField(
        "WORST_COUNT_OUT_OF_RANGE", "request.evaluate.worst_count",
        absl::StrCat("worst_count is ", request->worst_count(), "; expected 0 to ", limits::kMaxWorstQuestions));
  }
  void DoRules(const v1::TrainSpec&, const v1::EvaluateRequest&, QuestionRules* rules) const override {
    rules->default_count = kDefaultEvaluated;
    rules->max_count = limits::kMaxQuestions;
  }
  AnalysisCost DoCost(const v1::TrainSpec& spec, const v1::QuestionSet&, double count,
                      const v1::EvaluateRequest& request) const override {
    const double generated = request.generate() ? count : std::min(count, kGeneratedSample);
    const double losses = request.loss_in_full() ? count : std::min(count, kLossSample);
    return CostOfWork(spec, count, Answering(WorkOfAnswers(spec, {count, losses, generated})),
                      AnsweringBytes(spec, count));
  }
  const v1::EvaluateResult* DoEvaluation(const v1::EvaluateResult& result) const override { return &result; }
};

}  // namespace

const AnalysisKind& EvaluateKind() {
  static const auto* const kKind = new Evaluate;
  return *kKind;
}

}  // namespace sumscope

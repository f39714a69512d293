// How far each answer digit looks back.
#include "proto/contract/analyses/typed_kind.h"
#include "proto/contract/analyses/verdict.h"
#include "proto/contract/limits.h"

namespace sumscope {
namespace {

constexpr uint64_t kDefaultCompared = 10'000;

class Cascades final : public TypedKind<v1::CascadesRequest, v1::CascadesResult> {
  uint32_t version() const override { return 3; }

  absl::Status DoComplete(const v1::TrainSpec&, const v1::QuestionSet&, v1::CascadesRequest* request) const override {
    request->set_seed(request->seed());
    return CompletePerCell("request.cascades.per_cell", request);
  }
  void DoRules(const v1::TrainSpec&, const v1::CascadesRequest&, QuestionRules* rules) const override {
    rules->default_count = kDefaultCompared;
    rules->max_count = limits::kMaxQuestions;
    rules->needs_columns = true;
  }
  AnalysisCost DoCost(const v1::TrainSpec& spec, const v1::QuestionSet&, double count,
                      const v1::CascadesRequest& request) const override {
    const double questions = count + VerdictQuestions(spec, request.per_cell());
    return CostOfWork(spec, questions, Answering(WorkOfVerdict(spec, request.per_cell(), count)),
                      AnsweringBytes(spec, questions));
  }
  const v1::CascadesResult* DoVerdict(const v1::CascadesResult& result) const override { return &result; }
};

}  // namespace

const AnalysisKind& CascadesKind() {
  static const auto* const kKind = new Cascades;
  return *kKind;
}

}  // namespace sumscope

#ifndef SUMSCOPE_PROTO_CONTRACT_ANALYSES_TYPED_KIND_H_
#define SUMSCOPE_PROTO_CONTRACT_ANALYSES_TYPED_KIND_H_

#include <optional>
#include <string>
#include <vector>

#include "proto/contract/analyses/analysis_kind.h"
#include "proto/contract/analyses/oneof_member.h"

namespace sumscope {

// A kind with its own messages instead of the oneofs that hold them; they are the fields of the same name. Each Do..
// is the function of AnalysisKind without the Do.
template <typename Request, typename Result>
class TypedKind : public AnalysisKind {
 public:
  absl::string_view name() const final { return request_.name(); }

  absl::Status Complete(const v1::TrainSpec& spec, const v1::QuestionSet& questions,
                        v1::AnalysisRequest* request) const final {
    return DoComplete(spec, questions, request_.Mutable(request));
  }
  QuestionRules Rules(const v1::TrainSpec& spec, const v1::AnalysisRequest& request) const final {
    QuestionRules rules = AnalysisKind::Rules(spec, request);
    DoRules(spec, request_.Get(request), &rules);
    return rules;
  }
  absl::Status CompleteWithQuestions(const v1::TrainSpec& spec, const v1::QuestionSet& questions,
                                     v1::AnalysisRequest* request) const final {
    return DoCompleteWithQuestions(spec, questions, request_.Mutable(request));
  }
  absl::Status CheckMetrics(absl::string_view run, uint64_t steps, const v1::AnalysisRequest& request) const final {
    return DoCheckMetrics(run, steps, request_.Get(request));
  }
  AnalysisCost Cost(const v1::TrainSpec& spec, const v1::QuestionSet& questions, double count,
                    const v1::AnalysisRequest& request) const final {
    return DoCost(spec, questions, count, request_.Get(request));
  }
  uint64_t LeastResultBytes(const v1::TrainSpec& spec, const v1::AnalysisPrediction& prediction,
                            const v1::AnalysisRequest& request) const final {
    return DoLeastResultBytes(spec, prediction, request_.Get(request));
  }
  v1::AnalysisResult Answer(const v1::TrainSpec& spec, const v1::AnalysisRequest& request) const final {
    v1::AnalysisResult answer;
    *result_.Mutable(&answer) = DoAnswer(spec, request_.Get(request));
    return answer;
  }
  std::vector<v1::NodeTag> Tags(const v1::AnalysisResult& result) const final { return DoTags(result_.Get(result)); }
  std::optional<std::vector<std::string>> UsefulNodes(const v1::AnalysisResult& result) const final {
    return DoUsefulNodes(result_.Get(result));
  }
  const v1::EvaluateResult* Evaluation(const v1::AnalysisResult& result) const final {
    return DoEvaluation(result_.Get(result));
  }
  const v1::CascadesResult* Verdict(const v1::AnalysisResult& result) const final {
    return DoVerdict(result_.Get(result));
  }

 protected:
  absl::Status CheckCount(const v1::TrainSpec& spec, uint64_t count, const v1::AnalysisRequest& request) const final {
    return DoCheckCount(spec, count, request_.Get(request));
  }

  virtual absl::Status DoComplete(const v1::TrainSpec&, const v1::QuestionSet&, Request*) const {
    return absl::OkStatus();
  }
  virtual void DoRules(const v1::TrainSpec&, const Request&, QuestionRules*) const {}
  virtual absl::Status DoCompleteWithQuestions(const v1::TrainSpec&, const v1::QuestionSet&, Request*) const {
    return absl::OkStatus();
  }
  virtual absl::Status DoCheckCount(const v1::TrainSpec&, uint64_t, const Request&) const { return absl::OkStatus(); }
  virtual absl::Status DoCheckMetrics(absl::string_view, uint64_t, const Request&) const { return absl::OkStatus(); }
  virtual AnalysisCost DoCost(const v1::TrainSpec& spec, const v1::QuestionSet& questions, double count,
                              const Request& request) const = 0;
  virtual uint64_t DoLeastResultBytes(const v1::TrainSpec&, const v1::AnalysisPrediction&, const Request&) const {
    return 0;
  }
  virtual Result DoAnswer(const v1::TrainSpec&, const Request&) const { return {}; }
  virtual std::vector<v1::NodeTag> DoTags(const Result&) const { return {}; }
  virtual std::optional<std::vector<std::string>> DoUsefulNodes(const Result&) const { return std::nullopt; }
  virtual const v1::EvaluateResult* DoEvaluation(const Result&) const { return nullptr; }
  virtual const v1::CascadesResult* DoVerdict(const Result&) const { return nullptr; }

 private:
  const OneofMember<v1::AnalysisRequest, Request> request_;
  const OneofMember<v1::AnalysisResult, Result> result_;
};

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_ANALYSES_TYPED_KIND_H_

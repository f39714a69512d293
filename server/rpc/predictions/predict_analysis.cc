#include "proto/contract/analyses/analysis_work.h"
#include "proto/contract/analyses/kinds/kinds.h"
#include "server/rpc/predictions/predict.h"

namespace sumscope::rpc {
namespace {

double QuestionCount(const v1::TrainSpec& spec, const v1::QuestionSet& questions, uint64_t uploaded_count) {
  if (questions.has_pairs()) return CountPairs(questions.pairs());
  return CountQuestions(spec, questions).value_or(uploaded_count);
}

}  // namespace

v1::AnalysisPrediction PredictAnalysis(const v1::TrainSpec& spec, const v1::AnalysisRequest& request,
                                       const v1::QuestionSet& questions, uint64_t uploaded_count, const Speed& speed) {
  const AnalysisKind& kind = KindOf(request);
  const AnalysisCost cost = kind.Cost(spec, questions, QuestionCount(spec, questions, uploaded_count), request);
  v1::AnalysisPrediction prediction;
  prediction.set_nodes(cost.nodes);
  if (!kind.needs_worker()) return prediction;
  prediction.set_questions(cost.questions);
  prediction.set_flops(cost.work.answering.flops + cost.work.intervening.flops);
  prediction.set_memory_bytes(kLibraryBytes + cost.memory_bytes);
  prediction.set_disk_bytes(cost.disk_bytes);
  prediction.set_seconds(speed.AnalysisSeconds(cost.work));
  prediction.set_measured(speed.measured);
  return prediction;
}

}  // namespace sumscope::rpc

#include "proto/contract/analyses/analysis_work.h"
#include "proto/contract/analyses/kinds/kinds.h"
#include "server/rpc/predictions/predict.h"

namespace sumscope::rpc {

v1::AnalysisPrediction PredictAnalysis(const v1::TrainSpec& spec, const v1::AnalysisRequest& request,
                                       const v1::QuestionSet& questions, uint64_t uploaded_count,
                                       const jobs::Predictor& predictor) {
  const AnalysisKind& kind = KindOf(request);
  const AnalysisCost cost = jobs::CostOfAnalysis(spec, request, questions, uploaded_count);
  v1::AnalysisPrediction prediction;
  prediction.set_nodes(cost.nodes);
  if (!kind.needs_worker()) return prediction;
  prediction.set_questions(cost.questions);
  prediction.set_flops(cost.work.answering.flops + cost.work.intervening.flops);
  prediction.set_memory_bytes(kLibraryBytes + cost.memory_bytes);
  prediction.set_disk_bytes(cost.disk_bytes);
  const jobs::PredictedTime time = predictor.Analysis(spec, kind.name(), cost);
  prediction.set_seconds(time.seconds);
  prediction.set_measured(time.basis != jobs::Basis::kAssumed);
  prediction.set_basis(time.Text());
  return prediction;
}

v1::AnalysisPrediction PredictAnalysis(const v1::TrainSpec& spec, const v1::AnalysisRequest& request,
                                       const v1::QuestionSet& questions, uint64_t uploaded_count, const Speed& speed) {
  return PredictAnalysis(spec, request, questions, uploaded_count, jobs::Predictor(speed));
}

}  // namespace sumscope::rpc

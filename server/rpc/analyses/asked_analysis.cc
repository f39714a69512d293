#include "server/rpc/analyses/asked_analysis.h"

#include <string>

#include "proto/contract/analyses/kinds/kinds.h"
#include "proto/contract/errors/status_macros.h"
#include "server/rpc/predictions/predict.h"
#include "server/rpc/questions/question_text.h"

namespace sumscope::rpc {
namespace {

// The uploaded questions that the set names, after checking that the run can be asked them; empty when it names none.
absl::StatusOr<v1::UploadedQuestionSet> FindUploaded(const Backend& backend, const auth::Caller& caller,
                                                     const v1::TrainSpec& spec, const v1::QuestionSet& questions) {
  v1::UploadedQuestionSet set;
  if (!questions.has_uploaded()) return set;
  SUMSCOPE_RETURN_IF_ERROR(backend.catalog->Read([&](storage::CatalogReader& reader) -> absl::Status {
    SUMSCOPE_ASSIGN_OR_RETURN(set, reader.question_sets().Get(caller.viewer(), questions.uploaded().sha256()));
    return absl::OkStatus();
  }));
  SUMSCOPE_RETURN_IF_ERROR(CheckUploadedQuestions(spec, set));
  return set;
}

}  // namespace

absl::StatusOr<v1::Analysis> AskedAnalysis(const Backend& backend, const auth::Caller& caller,
                                           const v1::TrainSpec& spec, const v1::AnalysisRequest& request,
                                           const v1::QuestionSet& questions) {
  v1::Analysis analysis;
  *analysis.mutable_request() = request;
  *analysis.mutable_question_set() = questions;
  SUMSCOPE_RETURN_IF_ERROR(CompleteAnalysis(spec, analysis.mutable_request(), analysis.mutable_question_set()));
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::UploadedQuestionSet uploaded,
                            FindUploaded(backend, caller, spec, analysis.question_set()));
  const AnalysisKind& kind = KindOf(analysis.request());
  SUMSCOPE_RETURN_IF_ERROR(kind.Check(spec, analysis.question_set(), uploaded, analysis.request()));
  analysis.set_analysis(std::string(kind.name()));
  analysis.set_owner(caller.name);
  *analysis.mutable_prediction() = PredictAnalysis(spec, analysis.request(), analysis.question_set(), uploaded.count(),
                                                   backend.manager->predictor());
  SUMSCOPE_RETURN_IF_ERROR(CheckMemory(analysis.prediction().memory_bytes(), backend.memory_bytes));
  SUMSCOPE_RETURN_IF_ERROR(CheckResultSize(analysis.request(), analysis.question_set(),
                                           kind.LeastResultBytes(spec, analysis.prediction(), analysis.request())));
  return analysis;
}

}  // namespace sumscope::rpc

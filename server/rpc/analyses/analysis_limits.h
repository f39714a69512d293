#ifndef SUMSCOPE_SERVER_RPC_ANALYSES_ANALYSIS_LIMITS_H_
#define SUMSCOPE_SERVER_RPC_ANALYSES_ANALYSIS_LIMITS_H_

#include "absl/status/status.h"
#include "sumscope/v1/analyses.pb.h"
#include "sumscope/v1/question_sets.pb.h"
#include "sumscope/v1/spec.pb.h"

namespace sumscope::rpc {

// Whether a worker takes a complete analysis of so many questions: what it refuses is refused before it waits in the
// queue. `uploaded` is the set that the questions name, if any. INVALID_ARGUMENT TOO_MANY_QUESTIONS, TOO_FEW_QUESTIONS
// and RESULT_TOO_LARGE of PCA and of components; TASK_NOT_APPLICABLE, MIX_NOT_APPLICABLE and QUESTIONS_OUT_OF_RANGE of
// uploaded questions, as of listed ones.
absl::Status CheckAnalysisLimits(const v1::TrainSpec& spec, const v1::AnalysisRequest& request,
                                 const v1::QuestionSet& questions, const v1::UploadedQuestionSet& uploaded);

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_ANALYSES_ANALYSIS_LIMITS_H_

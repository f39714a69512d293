#ifndef SUMSCOPE_SERVER_RPC_ANALYSES_ASKED_ANALYSIS_H_
#define SUMSCOPE_SERVER_RPC_ANALYSES_ASKED_ANALYSIS_H_

#include "absl/status/statusor.h"
#include "server/auth/caller.h"
#include "server/rpc/serve/backend.h"
#include "sumscope/v1/analyses.pb.h"
#include "sumscope/v1/spec.pb.h"

namespace sumscope::rpc {

// What is asked of a run of that complete spec, whichever of its checkpoints: analysis, owner, complete request and
// question set, prediction. Errors of CompleteAnalysis, AnalysisKind::Check, CheckUploadedQuestions,
// CheckMemory and CheckResultSize; NOT_FOUND of a question set.
absl::StatusOr<v1::Analysis> AskedAnalysis(const Backend& backend, const auth::Caller& caller,
                                           const v1::TrainSpec& spec, const v1::AnalysisRequest& request,
                                           const v1::QuestionSet& questions);

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_ANALYSES_ASKED_ANALYSIS_H_

#ifndef SUMSCOPE_PROTO_CONTRACT_ANALYSES_REQUESTS_H_
#define SUMSCOPE_PROTO_CONTRACT_ANALYSES_REQUESTS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "proto/contract/analyses/question_sets.h"
#include "proto/contract/base/status_macros.h"
#include "sumscope/v1/analyses.pb.h"
#include "sumscope/v1/spec.pb.h"

namespace sumscope {

// One per kind of analysis: fills the defaults of its request, checks it, and says what it wants of its questions. The
// reasons are at each check.
absl::Status CompleteEvaluate(v1::EvaluateRequest* request, QuestionRules* rules);
absl::Status CompleteAttention(v1::AttentionRequest* request, QuestionRules* rules);
absl::Status CompleteAblate(const v1::TrainSpec& spec, v1::AblateRequest* request);
absl::Status CompleteUsefulNodes(v1::UsefulNodesRequest* request);
absl::Status CompletePatch(const v1::TrainSpec& spec, v1::PatchRequest* request, QuestionRules* rules);
absl::Status CompleteSubtasks(v1::SubtasksRequest* request, QuestionRules* rules);
absl::Status CompletePca(const v1::TrainSpec& spec, const v1::QuestionSet& questions, v1::PcaRequest* request,
                         QuestionRules* rules);
absl::Status CompleteLinearProbe(const v1::TrainSpec& spec, v1::LinearProbeRequest* request, QuestionRules* rules);
absl::Status CompletePhases(v1::PhasesRequest* request, QuestionRules* rules);
absl::Status CompleteCascades(v1::CascadesRequest* request, QuestionRules* rules);
absl::Status CompleteAlgorithm(v1::AlgorithmRequest* request, QuestionRules* rules);
absl::Status CompleteAsk(const v1::TrainSpec& spec, v1::AskRequest* request, QuestionRules* rules);
absl::Status CompleteCapture(const v1::TrainSpec& spec, v1::CaptureRequest* request, QuestionRules* rules);
absl::Status CompleteImportTags(const v1::TrainSpec& spec, v1::ImportTagsRequest* request, QuestionRules* rules);

// What can only be checked beside complete questions: TASK_NOT_APPLICABLE of sub-tasks, RESULT_TOO_LARGE.
absl::Status CheckWithQuestions(const v1::TrainSpec& spec, const v1::QuestionSet& questions,
                                v1::AnalysisRequest* request);

// The widest window of `phases` that a training of so many steps has: with kLeastPhaseWindows of them, the last of
// which may be half a window short or long (server/engine/probing/phases.h); 0 of fewer than kLeastPhaseWindows steps.
// A boundary divides windows into two phases, and one window is no phase but a number: two say that it lasted. And the
// noise that a boundary must exceed is measured on neighbours one and two apart, of which fewer than four windows have
// not two pairs.
inline constexpr uint64_t kLeastPhaseWindows = 4;
uint64_t WidestPhaseWindow(uint64_t steps);

// ABLATION_MODE_UNKNOWN; means by default.
absl::Status CheckMode(absl::string_view field, int mode);
template <typename Request>
absl::Status CompleteMode(absl::string_view field, Request* request) {
  if (request->mode() == v1::ABLATION_MODE_UNSPECIFIED) request->set_mode(v1::MEAN);
  return CheckMode(field, request->mode());
}
// The same with a seed, which only resampling draws from: 0 of other modes, so that it makes no other question.
template <typename Request>
absl::Status CompleteSeededMode(absl::string_view field, Request* request) {
  SUMSCOPE_RETURN_IF_ERROR(CompleteMode(field, request));
  request->set_seed(request->mode() == v1::RESAMPLE ? request->seed() : 0);
  return absl::OkStatus();
}

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_ANALYSES_REQUESTS_H_

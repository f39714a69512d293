#ifndef SUMSCOPE_PROTO_CONTRACT_ANALYSES_KINDS_KINDS_H_
#define SUMSCOPE_PROTO_CONTRACT_ANALYSES_KINDS_KINDS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "proto/contract/analyses/analysis_kind.h"
#include "sumscope/v1/analyses.pb.h"
#include "sumscope/v1/spec.pb.h"

namespace sumscope {

// Every kind there is, in the order of AnalysisRequest's fields.
const std::vector<const AnalysisKind*>& AllKinds();

// The kind called so, "useful_nodes"; null for none.
const AnalysisKind* FindKind(absl::string_view name);

// The one kind that writes_capture.
const AnalysisKind& KindOfCaptures();

// The kind of what is asked or answered. Where nothing is, or what only a newer server knows: one called "" of version
// 0, which completes nothing (ANALYSIS_MISSING) and needs and finds nothing.
const AnalysisKind& KindOf(const v1::AnalysisRequest& request);
const AnalysisKind& KindOf(const v1::AnalysisResult& result);

// CompleteSpec for an analysis: fills defaults from the run's spec and the kind, checks them, writes nodes, positions,
// tasks and listed questions in their one spelling, and sets questions->sha256. Both stay as they were in meaning, so
// that completing twice changes nothing. A list has no seed, and no operation when it holds both; phases and
// import_tags take no questions. ANALYSIS_MISSING, EMPTY_QUESTION_SET, QUESTIONS_OUT_OF_RANGE, OPERATION_NOT_OF_RUN,
// TASK_NOT_APPLICABLE, ..: each check has its own reason and names its field.
absl::Status CompleteAnalysis(const v1::TrainSpec& spec, v1::AnalysisRequest* request, v1::QuestionSet* questions);

// The key of design.md: SHA-256 over canonical JSON of its parts.
std::string AnalysisKey(absl::string_view checkpoint_sha256, const v1::AnalysisRequest& request,
                        absl::string_view question_set_sha256, v1::Precision precision);

// Whether a result of so many bytes can be sent: an Analysis is one message with its request, questions and result.
// INVALID_ARGUMENT RESULT_TOO_LARGE.
absl::Status CheckResultSize(const v1::AnalysisRequest& request, const v1::QuestionSet& questions, uint64_t bytes);

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_ANALYSES_KINDS_KINDS_H_

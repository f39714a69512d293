#ifndef SUMSCOPE_PROTO_CONTRACT_RESULTS_RESULT_SIZE_H_
#define SUMSCOPE_PROTO_CONTRACT_RESULTS_RESULT_SIZE_H_

#include <cstdint>

#include "absl/status/status.h"
#include "sumscope/v1/analyses.pb.h"

namespace sumscope {

// Whether a result of so many bytes can be sent: an Analysis is one message with its request, questions and result.
// INVALID_ARGUMENT RESULT_TOO_LARGE.
absl::Status CheckResultSize(const v1::AnalysisRequest& request, const v1::QuestionSet& questions, uint64_t bytes);

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_RESULTS_RESULT_SIZE_H_

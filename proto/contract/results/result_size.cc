#include "proto/contract/results/result_size.h"

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/limits.h"
#include "proto/contract/models/complete_spec.h"

namespace sumscope {

absl::Status CheckResultSize(const v1::AnalysisRequest& request, const v1::QuestionSet& questions, uint64_t bytes) {
  constexpr uint64_t kReserve = 64 << 10;  // for names, times and provenance
  const uint64_t taken = kReserve + request.ByteSizeLong() + questions.ByteSizeLong();
  const uint64_t room = taken < limits::kMaxMessageBytes ? limits::kMaxMessageBytes - taken : 0;
  if (bytes <= room) return absl::OkStatus();
  return InvalidField("RESULT_TOO_LARGE", absl::StrCat("request.", AnalysisKind(request)),
                      absl::StrCat("the result takes ", bytes, " bytes, but ", room,
                                   " of a message are left beside its question: ask about fewer nodes, pairs or steps",
                                   questions.has_list() ? ", or upload the questions" : ""));
}

}  // namespace sumscope

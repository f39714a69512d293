#ifndef SUMSCOPE_PROTO_CONTRACT_ANALYSES_ABLATION_MODE_H_
#define SUMSCOPE_PROTO_CONTRACT_ANALYSES_ABLATION_MODE_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "proto/contract/errors/status_macros.h"
#include "sumscope/v1/probes.pb.h"

namespace sumscope {

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

#endif  // SUMSCOPE_PROTO_CONTRACT_ANALYSES_ABLATION_MODE_H_

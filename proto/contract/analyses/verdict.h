#ifndef SUMSCOPE_PROTO_CONTRACT_ANALYSES_VERDICT_H_
#define SUMSCOPE_PROTO_CONTRACT_ANALYSES_VERDICT_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "proto/contract/models/model_cost.h"
#include "sumscope/v1/spec.pb.h"

// The look-back verdict (science.md section 5) draws questions of its own; `cascades` and `algorithm` have it.
namespace sumscope {

// PER_CELL_OUT_OF_RANGE; 1000 by default.
absl::Status CheckPerCell(absl::string_view field, uint32_t per_cell);
template <typename Request>
absl::Status CompletePerCell(absl::string_view field, Request* request) {
  constexpr uint32_t kDefaultPerCell = 1000;
  if (!request->has_per_cell()) request->set_per_cell(kDefaultPerCell);
  return CheckPerCell(field, request->per_cell());
}

// Questions of the verdict: per digit and length of carry chain, of every operation that the run knows.
double VerdictQuestions(const v1::TrainSpec& spec, uint32_t per_cell);

// What the verdict takes, with `questions` questions that it is compared with.
Work WorkOfVerdict(const v1::TrainSpec& spec, uint32_t per_cell, double questions);

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_ANALYSES_VERDICT_H_

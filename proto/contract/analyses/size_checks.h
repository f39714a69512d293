#ifndef SUMSCOPE_PROTO_CONTRACT_ANALYSES_SIZE_CHECKS_H_
#define SUMSCOPE_PROTO_CONTRACT_ANALYSES_SIZE_CHECKS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

// Sizes that a worker refuses, which are refused before they wait in the queue.
namespace sumscope {

// COMPONENTS_OUT_OF_RANGE: principal components to compute.
absl::Status CheckComponents(absl::string_view field, uint32_t components, uint32_t maximum);

// TOO_FEW_QUESTIONS for `analysis`.
absl::Status CheckAtLeast(absl::string_view analysis, uint64_t count, uint64_t least);

// RESULT_TOO_LARGE unless so many float64 values of each of `count` questions may be held at once; `advice` says what
// to do about it.
absl::Status CheckHeldBytes(absl::string_view field, uint64_t values, uint64_t count, absl::string_view advice);

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_ANALYSES_SIZE_CHECKS_H_

#ifndef SUMSCOPE_PROTO_CONTRACT_MODELS_MODEL_NAMES_H_
#define SUMSCOPE_PROTO_CONTRACT_MODELS_MODEL_NAMES_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sumscope/v1/spec.pb.h"

namespace sumscope {

// The authors' model names, [insK_]{add,sub,mul,mix,mas}_d{n}_l{layers}_h{heads}_t{K}K[_gf]_s{seed}: shorthand for
// eight spec fields. _t and _s may be absent (defaults then). INVALID_ARGUMENT MODEL_NAME_INVALID says which part, and
// what was expected.
absl::StatusOr<v1::TrainSpec> ParseModelName(absl::string_view name);

// The name of a complete spec, with '*' at the end when a field outside the name is not the default.
std::string ModelName(const v1::TrainSpec& spec);

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_MODELS_MODEL_NAMES_H_

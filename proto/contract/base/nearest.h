#ifndef SUMSCOPE_PROTO_CONTRACT_BASE_NEAREST_H_
#define SUMSCOPE_PROTO_CONTRACT_BASE_NEAREST_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace sumscope {

// The one of `names` that was probably meant: by Levenshtein's distance, where a name that holds `typed` (4 letters or
// more) counts as one step away. "" when there are none.
std::string Nearest(absl::string_view typed, const std::vector<std::string>& names);

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_BASE_NEAREST_H_

#ifndef SUMSCOPE_PROTO_CONTRACT_TEXT_NEAREST_H_
#define SUMSCOPE_PROTO_CONTRACT_TEXT_NEAREST_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace sumscope {

// The one of `names` that was probably meant by `typed`: the nearest by Levenshtein's distance of those that have most
// letters in common with it, in the same order. Where one holds the other, with 4 letters or more, they are one step
// apart: "steps" for "training_steps". Case and a leading "--" do not count. "" where none is like it.
std::string Nearest(absl::string_view typed, const std::vector<std::string>& names);

// What an error says behind a name that is none of `names`: "did you mean steps?", or, where none is like it, which
// there are, the first of many.
std::string DidYouMean(absl::string_view typed, const std::vector<std::string>& names);

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_TEXT_NEAREST_H_

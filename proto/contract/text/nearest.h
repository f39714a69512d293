#ifndef SUMSCOPE_PROTO_CONTRACT_TEXT_NEAREST_H_
#define SUMSCOPE_PROTO_CONTRACT_TEXT_NEAREST_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace sumscope {

// The one of `names` that was probably meant by `typed`: the nearest by Levenshtein's distance, neighbours that changed
// places counting once, of those of which at most a third of the longer word is wrong. So are two of which one holds
// the other, "steps" for "training_steps", or of which each part of one, between '_', '-' and '.', is as near to a part
// of the other, "steps" for "training_step"; what is held or near must have 4 letters. Case and a leading "--" do not
// count. "" where none is like it.
std::string Nearest(absl::string_view typed, const std::vector<std::string>& names);

// How every message asks whether `name` was meant: did you mean "steps"?
std::string DidYouMean(absl::string_view name);

// What an error says behind a name that is none of `names`: whether the nearest was meant, or, where none is like it,
// which there are, the first of many.
std::string DidYouMean(absl::string_view typed, const std::vector<std::string>& names);

// How a command line's error tells a word that it does not know, behind what it says of it: "--lisen"; did you mean
// "--listen"? The word alone where `nearest` is "".
std::string UnknownWord(absl::string_view word, absl::string_view nearest);

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_TEXT_NEAREST_H_

#ifndef SUMSCOPE_CLIENT_CLI_ARGUMENTS_NEAR_H_
#define SUMSCOPE_CLIENT_CLI_ARGUMENTS_NEAR_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace sumscope::client {

// The one of `names` that was probably meant by `word`: most of their letters are the same in the same order, or it
// holds the word. "" for none that is like it. A leading "--" does not count.
std::string NearOf(absl::string_view word, const std::vector<std::string>& names);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_ARGUMENTS_NEAR_H_

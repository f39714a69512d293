#ifndef SUMSCOPE_CLIENT_CLI_ARGUMENTS_FILTER_TIMES_H_
#define SUMSCOPE_CLIENT_CLI_ARGUMENTS_FILTER_TIMES_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace sumscope::client {

// A filter whose relative times are absolute: 'create_time > -7d' is seven days before `now`. Units: s, m, h, d, w.
// Everything else, what stands in quotes too, is as it was: the server says what is wrong with it.
std::string WithAbsoluteTimes(absl::string_view filter, absl::Time now);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_ARGUMENTS_FILTER_TIMES_H_

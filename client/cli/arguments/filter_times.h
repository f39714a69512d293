#ifndef SUMSCOPE_CLIENT_CLI_ARGUMENTS_FILTER_TIMES_H_
#define SUMSCOPE_CLIENT_CLI_ARGUMENTS_FILTER_TIMES_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace sumscope::client {

// A filter whose relative times are absolute: 'create_time > -7d' is seven days before `now`. Units: s, m, h, d, w.
// Everything else, what stands in quotes too, is as it was: the server says what is wrong with it.
std::string WithAbsoluteTimes(absl::string_view filter, absl::Time now);

// When the TIME of an option is: "7d" or "-7d" before `now`, in the same units, "2026-11-22" (a day's beginning in UTC)
// or "2026-11-22T10:00:00Z". INVALID_ARGUMENT TIME_INVALID naming `option`.
absl::StatusOr<absl::Time> ParseTimeArgument(absl::string_view option, absl::string_view text, absl::Time now);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_ARGUMENTS_FILTER_TIMES_H_

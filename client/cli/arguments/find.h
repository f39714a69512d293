#ifndef SUMSCOPE_CLIENT_CLI_ARGUMENTS_FIND_H_
#define SUMSCOPE_CLIENT_CLI_ARGUMENTS_FIND_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/connection/connection.h"

namespace sumscope::client {

inline constexpr char kAnalysisArgument[] = "an analysis' id, its beginning, RUN/ID, or @last: your latest";
inline constexpr char kCaptureArgument[] = "a capture's id, its beginning, RUN/ID, or @last: your latest";

// runs/{run}/analyses/{analysis} of what a user typed for it: its name, RUN/analyses/ID, RUN/ID or RUN/@last (the
// newest of that run), the id or a unique beginning of it alone, or @last: the newest of the user's own. What names the
// run is not looked up. INVALID_ARGUMENT RESOURCE_NAME_INVALID, AMBIGUOUS_PREFIX; NOT_FOUND ANALYSIS_NOT_FOUND.
absl::StatusOr<std::string> FindAnalysis(Connection& connection, absl::string_view text);

// The same of captures, runs/{run}/captures/{capture}; the name of its analysis is one of a capture, too. NOT_FOUND
// CAPTURE_NOT_FOUND.
absl::StatusOr<std::string> FindCapture(Connection& connection, absl::string_view text);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_ARGUMENTS_FIND_H_

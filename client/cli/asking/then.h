#ifndef SUMSCOPE_CLIENT_CLI_ASKING_THEN_H_
#define SUMSCOPE_CLIENT_CLI_ASKING_THEN_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "sumscope/v1/analyses.pb.h"

namespace sumscope::client {

// The analyses of --then, "evaluate,useful-nodes", all of which need no options. INVALID_ARGUMENT USAGE.
absl::StatusOr<std::vector<v1::AnalysisRequest>> ParseThen(const std::string& then);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_ASKING_THEN_H_

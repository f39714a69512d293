#ifndef SUMSCOPE_CLIENT_CLI_APP_FLAG_WORDS_H_
#define SUMSCOPE_CLIENT_CLI_APP_FLAG_WORDS_H_

#include <string>

#include "absl/status/status.h"

namespace sumscope::client {

// The message of a status, where one about a field of a request speaks of the flag that says it: "--worst is 5000" for
// "worst_count is 5000". What stands in quotes was typed and stays as it is.
std::string MessageInFlags(const absl::Status& status);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_APP_FLAG_WORDS_H_

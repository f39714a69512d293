#ifndef SUMSCOPE_CLIENT_CLI_OUTPUT_HIDE_SECRETS_H_
#define SUMSCOPE_CLIENT_CLI_OUTPUT_HIDE_SECRETS_H_

#include <string>

#include "absl/strings/string_view.h"

namespace sumscope::client {

// `text` with each token in it as "sst_...": what was typed in the wrong place is repeated by errors, and errors are
// kept and sent around.
std::string HideSecrets(absl::string_view text);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_OUTPUT_HIDE_SECRETS_H_

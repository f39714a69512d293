#ifndef SUMSCOPE_CLIENT_CLI_CONNECTING_CONFIG_EDIT_H_
#define SUMSCOPE_CLIENT_CLI_CONNECTING_CONFIG_EDIT_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace sumscope::client {

// Changes of a config.toml as text: what they are not about keeps every byte, comments too. Each result is parsed again
// and held against what was to come out. FAILED_PRECONDITION CONFIG_NOT_EDITABLE where the text says it in a way that
// is not found line by line (inline tables, values of several lines); errors of ParseConfig. `path` is for messages.

// [contexts.NAME] has these keys, and none of those whose value is "". Others of its keys stay. One that is missing
// comes at the end of the text.
using ContextKeys = std::vector<std::pair<std::string, std::string>>;
absl::StatusOr<std::string> WithContext(absl::string_view text, const std::string& path, const std::string& name,
                                        const ContextKeys& keys);

// Without [contexts.NAME], which is there, and without the choice of it.
absl::StatusOr<std::string> WithoutContext(absl::string_view text, const std::string& path, const std::string& name);

// With `name` as the context that counts where nobody says.
absl::StatusOr<std::string> WithChosenContext(absl::string_view text, const std::string& path, const std::string& name);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_CONNECTING_CONFIG_EDIT_H_

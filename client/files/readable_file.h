#ifndef SUMSCOPE_CLIENT_FILES_READABLE_FILE_H_
#define SUMSCOPE_CLIENT_FILES_READABLE_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace sumscope::client {

enum class Pipes { kAllowed, kRefused };

// NOT_FOUND FILE_NOT_READABLE, with why: missing, no permission. INVALID_ARGUMENT FILE_NOT_REGULAR: a directory, a
// device (which may have no end), a pipe where it is refused.
absl::Status CheckReadable(const std::string& path, Pipes pipes);
absl::Status NotReadable(const std::string& path, absl::string_view why);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_FILES_READABLE_FILE_H_

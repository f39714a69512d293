#ifndef SUMSCOPE_SERVER_HOST_PRIVATE_MODES_H_
#define SUMSCOPE_SERVER_HOST_PRIVATE_MODES_H_

#include <string>

#include "absl/status/status.h"

namespace sumscope::host {

// Makes a folder with its parents, those that are missing with mode 0700. The errors of mkdir.
absl::Status MakePrivateFolder(const std::string& path);

// Takes from group and others what they may do in a data directory: folders become 0700, files 0600, whatever umask
// they were made under. Its folders are set at every start; the files are walked through only where the catalog shows
// that they were made by somebody less careful. Symbolic links are not followed. The error of the first chmod that
// failed.
absl::Status MakeDataPrivate(const std::string& directory);

}  // namespace sumscope::host

#endif  // SUMSCOPE_SERVER_HOST_PRIVATE_MODES_H_

#ifndef SUMSCOPE_SERVER_HOST_GROUPS_H_
#define SUMSCOPE_SERVER_HOST_GROUPS_H_

#include <sys/types.h>

#include <string>

#include "absl/status/statusor.h"

namespace sumscope::host {

// The group of this machine that has the name, or that number. INVALID_ARGUMENT CONFIG_INVALID.
absl::StatusOr<gid_t> GroupNamed(const std::string& name);

}  // namespace sumscope::host

#endif  // SUMSCOPE_SERVER_HOST_GROUPS_H_

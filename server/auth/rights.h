#ifndef SUMSCOPE_SERVER_AUTH_RIGHTS_H_
#define SUMSCOPE_SERVER_AUTH_RIGHTS_H_

#include <optional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "server/auth/caller.h"

namespace sumscope::auth {

// The least role that may call a method, "/sumscope.v1.RunService/GetRun"; none for a method that the table lacks.
std::optional<Role> LeastRole(absl::string_view method);

// Whether the caller may call the method; nobody may call one that the table lacks. PERMISSION_DENIED METHOD_DENIED.
absl::Status CheckRight(const Caller& caller, absl::string_view method);

}  // namespace sumscope::auth

#endif  // SUMSCOPE_SERVER_AUTH_RIGHTS_H_

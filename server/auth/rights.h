#ifndef SUMSCOPE_SERVER_AUTH_RIGHTS_H_
#define SUMSCOPE_SERVER_AUTH_RIGHTS_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "server/auth/caller.h"

namespace sumscope::auth {

// Whether the caller may call a method, "/sumscope.v1.RunService/GetRun": the table of rights names the least role of
// each, and what it lacks nobody may call. PERMISSION_DENIED METHOD_DENIED.
absl::Status CheckRight(const Caller& caller, absl::string_view method);

}  // namespace sumscope::auth

#endif  // SUMSCOPE_SERVER_AUTH_RIGHTS_H_

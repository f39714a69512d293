#ifndef SUMSCOPE_SERVER_AUTH_RIGHTS_H_
#define SUMSCOPE_SERVER_AUTH_RIGHTS_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "server/auth/caller.h"

namespace sumscope::auth {

// Whose things a method touches.
enum class Whose {
  kAnybodys,  // any that the caller may see; or it makes new ones
  kOwn,       // only the caller's own; admins any
};

// A row of the table of rights. A method without one nobody may call.
struct Right {
  absl::string_view method;  // /sumscope.v1.RunService/GetRun
  Role least;                // who may call it
  Whose whose;
  bool mutates;  // it leaves a row in the audit, also when refused
};

// Every method of the API.
absl::Span<const Right> Rights();
// Null where it has no row.
const Right* FindRight(absl::string_view method);

// Whether the caller's role suffices, before anything is looked up. PERMISSION_DENIED METHOD_DENIED.
absl::Status CheckRole(const Caller& caller, absl::string_view method);
// Whether the caller may touch what belongs to `owner`. PERMISSION_DENIED NOT_OWNER.
absl::Status CheckOwner(const Caller& caller, absl::string_view method, absl::string_view owner);

}  // namespace sumscope::auth

#endif  // SUMSCOPE_SERVER_AUTH_RIGHTS_H_

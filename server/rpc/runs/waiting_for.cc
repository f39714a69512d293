#include "server/rpc/runs/waiting_for.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/names/resource_names.h"
#include "server/rpc/serve/resolve_run.h"

namespace sumscope::rpc {

absl::StatusOr<std::vector<std::string>> RunsToWaitFor(const Backend& backend, const auth::Caller& caller,
                                                       const std::string& run,
                                                       const google::protobuf::RepeatedPtrField<std::string>& after) {
  if (after.size() > limits::kMaxDependencies) {
    return InvalidField(
        "TOO_MANY_DEPENDENCIES", "after",
        absl::StrCat("a run waits for at most ", limits::kMaxDependencies, " others, not ", after.size()));
  }
  std::vector<std::string> ids;
  for (const std::string& name : after) {
    if (!run.empty() && name == RunName(run)) {
      return InvalidField("DEPENDENCY_ON_ITSELF", "after", absl::StrCat(name, " cannot wait for itself"));
    }
    SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run found, ResolveRun(backend, caller, name));
    const std::string id = IdOf(found.name());
    if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
  }
  return ids;
}

}  // namespace sumscope::rpc

#include "server/jobs/dependencies/dependencies.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/names/resource_names.h"
#include "proto/contract/names/states.h"

namespace sumscope::jobs {

Awaited StandingOf(const v1::Run& run) {
  if (run.has_delete_time()) return Awaited::kLost;
  if (!IsTerminal(run.state())) return Awaited::kUnfinished;
  return run.state() == v1::SUCCEEDED ? Awaited::kSucceeded : Awaited::kLost;
}

absl::StatusOr<std::vector<std::string>> FindDependencies(storage::CatalogReader& reader, const storage::Viewer& viewer,
                                                          const std::string& run_id,
                                                          const std::vector<std::string>& after) {
  if (!run_id.empty() && std::find(after.begin(), after.end(), run_id) != after.end()) {
    return InvalidField("DEPENDENCY_ON_ITSELF", "after",
                        absl::StrCat(RunName(run_id), " cannot wait for itself; name runs that are there already"));
  }
  const std::set<std::string> named(after.begin(), after.end());
  if (named.size() > static_cast<size_t>(limits::kMaxDependencies)) {
    return InvalidField(
        "TOO_MANY_DEPENDENCIES", "after",
        absl::StrCat("it would wait for ", named.size(), " runs; ", limits::kMaxDependencies, " are the most"));
  }
  std::vector<std::string> dependencies;
  for (const std::string& id : named) {
    SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run run, reader.runs().Get(viewer, id));
    if (run.has_delete_time()) {
      return MakeError(absl::StatusCode::kFailedPrecondition, "RUN_DELETED",
                       absl::StrCat(run.name(), " is deleted; `sumscope runs undelete` brings it back"),
                       {{"run", run.name()}});
    }
    const Awaited standing = StandingOf(run);
    if (standing == Awaited::kLost) {
      return MakeError(
          absl::StatusCode::kFailedPrecondition, "DEPENDENCY_ENDED",
          absl::StrCat(run.name(), " is ", v1::State_Name(run.state()),
                       ", so what waits for it would never start; `sumscope runs resume ", id, "` lets it go on"),
          {{"run", run.name()}});
    }
    if (standing == Awaited::kUnfinished) dependencies.push_back(id);
  }
  return dependencies;
}

absl::StatusOr<std::vector<std::string>> DependenciesLeft(storage::CatalogReader& reader, const storage::Viewer& viewer,
                                                          const std::vector<std::string>& dependencies) {
  std::vector<std::string> left;
  for (const std::string& id : dependencies) {
    const absl::StatusOr<v1::Run> run = reader.runs().Get(storage::Viewer::Server(), id);
    if (!run.ok() && !absl::IsNotFound(run.status())) return run.status();
    const Awaited standing = run.ok() ? StandingOf(*run) : Awaited::kLost;
    if (standing == Awaited::kUnfinished) left.push_back(id);
    if (standing != Awaited::kLost) continue;
    const bool seen = reader.runs().Get(viewer, id).ok();
    return MakeError(absl::StatusCode::kFailedPrecondition, "DEPENDENCY_ENDED",
                     absl::StrCat(seen ? RunName(id) : "a run", ", which it waits for, has not succeeded; resume ",
                                  seen ? "that" : "it",
                                  " first, or let `sumscope runs retry` make a new run that waits "
                                  "for none"));
  }
  return left;
}

}  // namespace sumscope::jobs

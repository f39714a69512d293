#ifndef SUMSCOPE_SERVER_JOBS_DEPENDENCIES_DEPENDENCIES_H_
#define SUMSCOPE_SERVER_JOBS_DEPENDENCIES_DEPENDENCIES_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/catalog/catalog.h"
#include "sumscope/v1/runs.pb.h"

// What a job waits for: runs that must have succeeded before it starts. They are named when the job is made, so they
// are older than its run, and later only taken away: there is no circle.
namespace sumscope::jobs {

// How a run that others wait for stands to them.
enum class Awaited {
  kUnfinished,
  kSucceeded,
  kLost,  // it failed, was cancelled or is deleted: it will not succeed by itself
};
Awaited StandingOf(const v1::Run& run);

// Of the runs `after`, by id, those that a new run must wait for, each once. `run_id` is what the caller calls it, ""
// of one that has no name yet. INVALID_ARGUMENT DEPENDENCY_ON_ITSELF, TOO_MANY_DEPENDENCIES; NOT_FOUND RUN_NOT_FOUND,
// also of what the viewer may not see; FAILED_PRECONDITION RUN_DELETED, DEPENDENCY_ENDED.
absl::StatusOr<std::vector<std::string>> FindDependencies(storage::CatalogReader& reader, const storage::Viewer& viewer,
                                                          const std::string& run_id,
                                                          const std::vector<std::string>& after);

// Of the runs that a job waited for, those that it must wait for when it is resumed. FAILED_PRECONDITION
// DEPENDENCY_ENDED, which names none that the viewer may not see.
absl::StatusOr<std::vector<std::string>> DependenciesLeft(storage::CatalogReader& reader, const storage::Viewer& viewer,
                                                          const std::vector<std::string>& dependencies);

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_DEPENDENCIES_DEPENDENCIES_H_

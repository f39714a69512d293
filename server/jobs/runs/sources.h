#ifndef SUMSCOPE_SERVER_JOBS_RUNS_SOURCES_H_
#define SUMSCOPE_SERVER_JOBS_RUNS_SOURCES_H_

#include "absl/status/status.h"
#include "storage/catalog/catalog.h"
#include "sumscope/v1/runs.pb.h"

// spec.init_from is there to read for all who see a run: what the lab sees names no private run.
namespace sumscope::jobs {

// FAILED_PRECONDITION SOURCE_IS_PRIVATE when the lab sees `run`, and its source is private. A source that the viewer
// may not see is none: the lab saw it when the run began.
absl::Status CheckSourceIsTheLabs(storage::CatalogReader& reader, const storage::Viewer& viewer, const v1::Run& run);

// FAILED_PRECONDITION SOURCE_OF_LAB_RUNS when `run` is private, and runs that the lab sees name it as their source.
absl::Status CheckLabNamesItNot(storage::CatalogReader& reader, const v1::Run& run);

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_RUNS_SOURCES_H_

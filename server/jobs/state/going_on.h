#ifndef SUMSCOPE_SERVER_JOBS_STATE_GOING_ON_H_
#define SUMSCOPE_SERVER_JOBS_STATE_GOING_ON_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/catalog/catalog.h"
#include "sumscope/v1/sweeps.pb.h"

namespace sumscope::jobs {

// What the sweep's state_detail says once so many trainings have failed that the rest ends; "": they have not.
std::string EndedByFailures(const v1::Sweep& sweep, const storage::SweepTally& tally);

// To be called once the catalog has queued a member again, in the same transaction: the sweep is neither ended nor
// cancelled any more, and the failures that it has by then do not end the member; another one does.
absl::Status GoOn(storage::CatalogTransaction& transaction, v1::Sweep* sweep);
// The same of a sweep by its id, on behalf of a caller who need not see it. Returns how many of its trainings may run
// at once, which the queue is to be told once this is durable; 0: no bound, also of "" and of a sweep that is forgotten
// or cannot be read.
absl::StatusOr<uint32_t> GoOn(storage::CatalogTransaction& transaction, const std::string& sweep);

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_STATE_GOING_ON_H_

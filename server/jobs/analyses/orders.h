#ifndef SUMSCOPE_SERVER_JOBS_ANALYSES_ORDERS_H_
#define SUMSCOPE_SERVER_JOBS_ANALYSES_ORDERS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/jobs/scheduling/admission.h"
#include "server/jobs/state/context.h"
#include "server/jobs/state/new_work.h"
#include "server/jobs/state/transitions.h"
#include "storage/run_file.h"
#include "sumscope/v1/analyses.pb.h"
#include "sumscope/v1/runs.pb.h"

// Orders: analyses of a run that has not succeeded yet, of the last checkpoint that it will have. Their row has no
// checkpoint, their job waits for the run, what they ask is in the catalog alone (storage::Jobs::PutOrder). Once the
// run has succeeded they become analyses like others: with a checkpoint and its key, in the run's file.
namespace sumscope::jobs {

inline bool IsOrder(const v1::Analysis& row) { return row.checkpoint().empty(); }

// The analysis asks these weights, and has the key of that question: see AnalysisKey.
void AskOf(const v1::Run& run, const storage::TensorSet& weights, v1::Analysis* analysis);

// What two equal orders of a run have in common, in place of a key.
std::string OrderKey(const v1::Analysis& order);

// What of an order can be said before its run has ended, `run`. FAILED_PRECONDITION RUN_DELETED, RUN_ENDED of a run
// that will not succeed, RUN_UNFINISHED of what is stored at once, with no job to wait, and those of
// AnalysisKind::CheckMetrics; RESOURCE_EXHAUSTED CAPTURE_TOO_LARGE.
absl::Status CheckOrder(Context* context, const v1::Run& run, const v1::Analysis& order);

// An order of the run with a job that waits for it. Its key is that of the order asked.
JobWithSubject NewOrder(Admission* admission, const storage::Actor& actor, const std::string& run,
                        const std::string& analysis, const NewAnalysis& asked, const std::string& sweep,
                        absl::Time now);
// With its row, its job, an event and what it asks.
absl::Status InsertOrder(storage::CatalogTransaction& transaction, absl::Time now, JobWithSubject* target);

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_ANALYSES_ORDERS_H_

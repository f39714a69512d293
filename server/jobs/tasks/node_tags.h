#ifndef SUMSCOPE_SERVER_JOBS_TASKS_NODE_TAGS_H_
#define SUMSCOPE_SERVER_JOBS_TASKS_NODE_TAGS_H_

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "storage/catalog/catalog.h"

namespace sumscope::jobs {

// Stores the tags of `result` as facts that `analysis` (name, checkpoint and questions) proved, and its headline. To be
// called in the transaction that ends it.
absl::Status StoreFacts(storage::CatalogTransaction& transaction, const v1::Analysis& analysis,
                        const v1::AnalysisResult& result, absl::Time now);

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_TASKS_NODE_TAGS_H_

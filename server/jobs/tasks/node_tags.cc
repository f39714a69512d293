#include "server/jobs/tasks/node_tags.h"

#include <vector>

#include "proto/contract/analyses/kinds/kinds.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/names/resource_names.h"
#include "server/jobs/tasks/headline.h"

namespace sumscope::jobs {

absl::Status StoreFacts(storage::CatalogTransaction& transaction, const v1::Analysis& analysis,
                        const v1::AnalysisResult& result, absl::Time now) {
  SUMSCOPE_ASSIGN_OR_RETURN(const CheckpointRef checkpoint, ParseCheckpointName(analysis.checkpoint()));
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run run, transaction.runs().Get(storage::Viewer::Server(), checkpoint.run));
  const uint64_t step = checkpoint.step.value_or(0);
  const storage::Headline headline = HeadlineOf(run.spec(), analysis.question_set(), result);
  SUMSCOPE_RETURN_IF_ERROR(transaction.headlines().Put(checkpoint.run, step, IdOf(analysis.name()), headline));
  const std::vector<v1::NodeTag> tags = KindOf(result).Tags(result);
  if (tags.empty()) return absl::OkStatus();
  return transaction.facts().Put(checkpoint.run, step, IdOf(analysis.name()), tags, now);
}

}  // namespace sumscope::jobs

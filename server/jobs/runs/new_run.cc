#include "server/jobs/runs/new_run.h"

#include "proto/contract/base/timestamp.h"
#include "proto/contract/models/model_names.h"
#include "proto/contract/names/resource_names.h"

namespace sumscope::jobs {

v1::Run RowOf(const NewRun& asked, const std::string& id, const std::string& owner, absl::Time now) {
  v1::Run run;
  run.set_name(RunName(id));
  run.set_model_name(ModelName(asked.spec));
  *run.mutable_spec() = asked.spec;
  run.mutable_labels()->insert(asked.labels.begin(), asked.labels.end());
  run.set_visibility(asked.visibility);
  run.set_owner(owner);
  *run.mutable_create_time() = ToTimestamp(now);
  return run;
}

}  // namespace sumscope::jobs

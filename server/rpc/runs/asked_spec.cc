#include "server/rpc/runs/asked_spec.h"

#include <utility>

#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/models/complete_spec.h"
#include "proto/contract/models/model_names.h"
#include "proto/contract/names/resource_names.h"
#include "server/jobs/tasks/insert_source.h"
#include "server/rpc/runs/checkpoints.h"
#include "server/rpc/serve/resolve_run.h"

namespace sumscope::rpc {

absl::StatusOr<v1::TrainSpec> AskedSpec(const std::string& model_name, const v1::TrainSpec& spec) {
  if (model_name.empty() && SaysNothing(spec)) {
    return InvalidField("MODEL_MISSING", "model_name",
                        "the request says nothing about the model; give a model_name like add_d5_l1_h3, or a spec");
  }
  v1::TrainSpec asked;
  if (!model_name.empty()) {
    SUMSCOPE_ASSIGN_OR_RETURN(asked, ParseModelName(model_name));
  }
  asked.MergeFrom(spec);
  return CompleteSpec(std::move(asked));
}

absl::StatusOr<std::shared_ptr<storage::RunFile>> FileOf(const Backend& backend, const v1::Run& run) {
  const std::string id = IdOf(run.name());
  const bool started = run.imported() || run.segment() > 0;
  if (!started && !backend.run_files->Exists(id)) return std::shared_ptr<storage::RunFile>();
  return backend.run_files->Open(id);
}

absl::StatusOr<v1::Run> CompleteSource(const Backend& backend, const auth::Caller& caller, v1::TrainSpec* spec) {
  SUMSCOPE_ASSIGN_OR_RETURN(const CheckpointRef ref, jobs::ParseInitFrom(spec->init_from()));
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run source, ResolveRun(backend, caller, RunName(ref.run)));
  if (source.has_delete_time()) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "RUN_DELETED",
                     source.name() + " is deleted; `sumscope runs undelete` brings it back");
  }
  SUMSCOPE_RETURN_IF_ERROR(jobs::CheckSourceFits(*spec, source.spec()));
  SUMSCOPE_ASSIGN_OR_RETURN(const auto file, FileOf(backend, source));
  SUMSCOPE_ASSIGN_OR_RETURN(const storage::TensorSet weights, FindCheckpoint(source, file.get(), ref.step));
  const std::string id = IdOf(source.name());
  if (spec->insert_mode() == v1::INSERT_USEFUL_HEADS) {
    SUMSCOPE_RETURN_IF_ERROR(jobs::UsefulHeads(file.get(), source.spec(), id, weights.step).status());
  }
  spec->set_init_from(jobs::InitFromText(id, weights.step));
  return source;
}

}  // namespace sumscope::rpc

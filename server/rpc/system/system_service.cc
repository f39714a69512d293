#include "server/rpc/system/system_service.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/models/complete_spec.h"
#include "proto/contract/models/model_names.h"
#include "proto/contract/models/model_shapes.h"
#include "proto/contract/names/resource_names.h"
#include "server/rpc/questions/question_text.h"
#include "server/rpc/serve/free_disk.h"

namespace sumscope::rpc {
namespace {

void AddLimits(v1::ServerInfo* info) {
  const std::vector<std::pair<const char*, uint64_t>> all = {
      {"n_digits", limits::kMaxDigits},
      {"n_layers", limits::kMaxLayers},
      {"n_heads", limits::kMaxHeads},
      {"d_model", limits::kMaxDModel},
      {"d_head", limits::kMaxDHead},
      {"d_mlp", limits::kMaxDMlp},
      {"steps", limits::kMaxSteps},
      {"batch_size", limits::kMaxBatchSize},
      {"questions_per_analysis", limits::kMaxQuestions},
      {"attempts", limits::kMaxAttempts},
      {"queued_jobs", limits::kMaxQueuedJobs},
      {"watchers", limits::kMaxWatchers},
      {"uploads", limits::kMaxUploads},
      {"downloads", limits::kMaxDownloads},
      {"page_size", limits::kMaxPageSize},
      {"message_bytes", limits::kMaxMessageBytes},
      {"chunk_bytes", limits::kMaxChunkBytes},
      {"import_bytes", limits::kMaxImportBytes},
      {"uploaded_questions", kMaxUploadedQuestions},
      {"uploaded_question_bytes", kMaxUploadedQuestionBytes},
      {"phase_steps", limits::kMaxPhaseSteps},
      {"labels", limits::kMaxLabels},
  };
  for (const auto& [name, maximum] : all) {
    v1::Limit* limit = info->add_limits();
    limit->set_name(name);
    limit->set_maximum(maximum);
  }
}

constexpr char kAnothersJob[] = "another user's job";

bool Sees(storage::Catalog& catalog, const storage::Viewer& viewer, const std::string& run) {
  return catalog.Read([&](storage::CatalogReader& reader) { return reader.runs().Get(viewer, run).status(); }).ok();
}

// A slot whose job waits for storage is not free, whatever its worker does meanwhile.
void ShowStorageWaits(const Backend& backend, const storage::Viewer& viewer, v1::ServerInfo* info) {
  for (const jobs::StorageWait& wait : backend.manager->StorageWaits()) {
    for (v1::Slot& slot : *info->mutable_slots()) {
      if (slot.name() != wait.slot) continue;
      slot.set_state("BUSY");
      if (!Sees(*backend.catalog, viewer, wait.run)) {
        slot.set_detail(absl::StrCat(kAnothersJob, " waits for storage (", wait.reason, ")"));
        continue;
      }
      slot.set_detail(absl::StrCat(wait.analysis.empty() ? RunName(wait.run) : AnalysisName(wait.run, wait.analysis),
                                   " ", wait.detail, " (", wait.reason, ")"));
    }
  }
}

// What the task "jxnb248q.1" of a slot, the first start of job jxnb248q, works on: a job's id alone leads nowhere.
std::string WorkOf(const std::string& task, storage::Catalog& catalog, const storage::Viewer& viewer) {
  std::string work;
  const absl::Status found = catalog.Read([&](storage::CatalogReader& reader) -> absl::Status {
    SUMSCOPE_ASSIGN_OR_RETURN(const storage::Job job, reader.jobs().Get(viewer, task.substr(0, task.find('.'))));
    work = job.analysis.empty() ? RunName(job.run) : AnalysisName(job.run, job.analysis);
    return absl::OkStatus();
  });
  if (absl::IsNotFound(found)) return kAnothersJob;
  return found.ok() ? work : "";  // the rest of the answer is worth having without it
}

// What each slot works on, as far as the viewer may know.
void ShowWork(storage::Catalog& catalog, const storage::Viewer& viewer, v1::ServerInfo* info) {
  for (v1::Slot& slot : *info->mutable_slots()) {
    if (slot.job().empty()) continue;
    const std::string work = WorkOf(slot.job(), catalog, viewer);
    if (slot.detail().empty()) slot.set_detail(work);
    if (work == kAnothersJob) slot.clear_job();
  }
}

absl::StatusOr<v1::ServerInfo> Describe(const v1::ServerInfo& fixed, const Backend& backend,
                                        const storage::Viewer& viewer, const std::string& model_name) {
  v1::ServerInfo info = fixed;
  AddLimits(&info);
  for (const v1::Slot& slot : backend.pool->Slots()) *info.add_slots() = slot;
  ShowStorageWaits(backend, viewer, &info);
  ShowWork(*backend.catalog, viewer, &info);
  if (!viewer.sees_everything()) info.clear_repairs();  // they name runs
  v1::TrainSpec spec;
  if (!model_name.empty()) {
    SUMSCOPE_ASSIGN_OR_RETURN(spec, ParseModelName(model_name));
  }
  spec = CompleteSpec(spec);
  SUMSCOPE_RETURN_IF_ERROR(ValidateSpec(spec));
  for (const std::string& hook : HookNames(spec)) info.add_hook_names(hook);
  info.set_free_disk_bytes(FreeDiskBytes(fixed.data_directory()));
  info.set_draining(backend.manager->draining());
  return info;
}

}  // namespace

grpc::Status SystemService::GetServerInfo(grpc::ServerContext* context, const v1::GetServerInfoRequest* request,
                                          v1::ServerInfo* response) {
  return road_.Unary(context, request, response, [&](const auth::Caller& caller) -> absl::StatusOr<v1::ServerInfo> {
    SUMSCOPE_ASSIGN_OR_RETURN(v1::ServerInfo info, Describe(fixed_, backend_, caller.viewer(), request->model_name()));
    if (!caller.viewer().sees_everything()) return info;  // the times are of everybody's calls
    for (v1::MethodTimes& times : times_->Describe()) *info.add_method_times() = std::move(times);
    return info;
  });
}

}  // namespace sumscope::rpc

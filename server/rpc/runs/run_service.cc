#include "server/rpc/runs/run_service.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/models/complete_spec.h"
#include "proto/contract/models/model_names.h"
#include "proto/contract/names/resource_names.h"
#include "proto/contract/text/quote.h"
#include "server/jobs/runs/runs.h"
#include "server/jobs/runs/sources.h"
#include "server/rpc/predictions/predict.h"
#include "server/rpc/queue/priorities.h"
#include "server/rpc/runs/asked_spec.h"
#include "server/rpc/runs/labels.h"
#include "server/rpc/runs/visibility.h"
#include "server/rpc/runs/waiting_for.h"
#include "server/rpc/serve/free_disk.h"
#include "server/rpc/serve/requests.h"
#include "server/rpc/serve/resolve_run.h"
#include "server/rpc/serve/sweep_veil.h"

namespace sumscope::rpc {
namespace {

// What moves while a run trains. The catalog's figures are those of the last checkpoint; the hub's are those of the
// last commit.
void ShowProgress(const Backend& backend, v1::Run* run) {
  if (run->state() != v1::STARTING && run->state() != v1::RUNNING && run->state() != v1::CANCELLING) return;
  if (v1::Progress progress; backend.hub->GetProgress(IdOf(run->name()), &progress)) {
    run->set_steps_done(progress.step());
    run->set_loss(progress.loss());
  }
  if (run->state() == v1::CANCELLING) return;  // why it ends says more than what it waits for
  // A full disk can keep the catalog from saying that it is full.
  for (const jobs::StorageWait& wait : backend.manager->StorageWaits()) {
    if (!wait.analysis.empty() || RunName(wait.run) != run->name()) continue;
    run->set_state_reason(wait.reason);
    run->set_state_detail(wait.detail);
  }
}

// The handler whose run is shown as it is at this moment, as far as the caller may see it.
template <typename Handler>
auto AsOfNow(const Backend& backend, Handler handler) {
  return [&backend, handler](const auth::Caller& caller) -> absl::StatusOr<v1::Run> {
    SUMSCOPE_ASSIGN_OR_RETURN(v1::Run run, handler(caller));
    ShowProgress(backend, &run);
    if (run.sweep().empty()) return run;
    SUMSCOPE_RETURN_IF_ERROR(backend.catalog->Read([&](storage::CatalogReader& reader) {
      SweepVeil(&reader, caller.viewer()).Cover(&run);
      return absl::OkStatus();
    }));
    return run;
  };
}

}  // namespace

absl::StatusOr<jobs::NewRun> RunService::Asked(const auth::Caller& caller, const v1::CreateRunRequest& request) const {
  jobs::NewRun run;
  SUMSCOPE_ASSIGN_OR_RETURN(run.spec, AskedSpec(request.model_name(), request.spec()));
  SUMSCOPE_RETURN_IF_ERROR(ValidateSpec(run.spec));
  v1::Visibility usual = v1::LAB;
  if (run.spec.insert_mode() > v1::INSERT_NONE) {
    SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run source, CompleteSource(backend_, caller, &run.spec));
    usual = source.visibility();  // the spec names it
  }
  SUMSCOPE_ASSIGN_OR_RETURN(run.visibility, CompleteVisibility(request.visibility(), usual));
  SUMSCOPE_RETURN_IF_ERROR(ValidateLabels(request.labels()));
  run.labels.insert(request.labels().begin(), request.labels().end());
  if (!request.run_id().empty()) SUMSCOPE_RETURN_IF_ERROR(ValidateRunId(request.run_id()));
  run.id = request.run_id();
  SUMSCOPE_ASSIGN_OR_RETURN(run.priority, CompletePriority(request.priority()));
  SUMSCOPE_ASSIGN_OR_RETURN(run.after, RunsToWaitFor(backend_, caller, request.run_id(), request.after()));
  return run;
}

absl::StatusOr<v1::Run> RunService::Create(const auth::Caller& caller, const v1::CreateRunRequest& request) {
  SUMSCOPE_ASSIGN_OR_RETURN(jobs::NewRun asked, Asked(caller, request));
  const v1::Prediction prediction = PredictTraining(asked.spec, backend_.manager->predictor());
  SUMSCOPE_RETURN_IF_ERROR(CheckMemory(prediction.memory_bytes(), backend_.memory_bytes));
  asked.needs = {prediction.seconds(), prediction.memory_bytes()};
  if (!request.validate_only()) {
    SUMSCOPE_ASSIGN_OR_RETURN(const jobs::Request id, RequestOf("CreateRun", request));
    return backend_.manager->runs().Create(caller.actor(), id, asked);
  }
  v1::Run run;
  if (!asked.id.empty()) {
    run.set_name(RunName(asked.id));
    // An id is taken also by a run that the caller may not see.
    const bool is_new = absl::IsNotFound(backend_.catalog->Read([&](storage::CatalogReader& reader) {
      return reader.runs().Get(storage::Viewer::Server(), asked.id).status();
    }));
    if (!is_new) return jobs::RunExists(asked.id);
  }
  run.set_model_name(ModelName(asked.spec));
  *run.mutable_spec() = asked.spec;
  *run.mutable_labels() = request.labels();
  run.set_visibility(asked.visibility);
  SUMSCOPE_RETURN_IF_ERROR(backend_.catalog->Read(
      [&](storage::CatalogReader& reader) { return jobs::CheckSourceIsTheLabs(reader, caller.viewer(), run); }));
  SUMSCOPE_RETURN_IF_ERROR(backend_.manager->runs().Check(caller.actor(), asked));
  run.set_owner(caller.name);
  *run.mutable_prediction() = prediction;
  run.mutable_prediction()->set_free_disk_bytes(FreeDiskBytes(backend_.spool_directory));
  return run;
}

grpc::Status RunService::CreateRun(grpc::ServerContext* context, const v1::CreateRunRequest* request, v1::Run* run) {
  const auto create = [&](const auth::Caller& caller) { return Create(caller, *request); };
  return road_.Unary(context, request, run, AsOfNow(backend_, create));
}

grpc::Status RunService::GetRun(grpc::ServerContext* context, const v1::GetRunRequest* request, v1::Run* response) {
  const auto get = [&](const auth::Caller& caller) -> absl::StatusOr<v1::Run> {
    SUMSCOPE_ASSIGN_OR_RETURN(v1::Run run, ResolveRun(backend_, caller, request->name()));
    SUMSCOPE_ASSIGN_OR_RETURN(const auto file, FileOf(backend_, run));
    if (file != nullptr) {
      SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run stored, file->GetRun());
      *run.mutable_segments() = stored.segments();
      *run.mutable_import_notes() = stored.import_notes();
    }
    return run;
  };
  return road_.Unary(context, request, response, AsOfNow(backend_, get));
}

grpc::Status RunService::ListRuns(grpc::ServerContext* context, const v1::ListRunsRequest* request,
                                  v1::ListRunsResponse* response) {
  return road_.Unary(
      context, request, response, [&](const auth::Caller& caller) -> absl::StatusOr<v1::ListRunsResponse> {
        storage::RunQuery query{request->filter(), request->order_by(), request->show_deleted(), 0,
                                request->page_token()};
        SUMSCOPE_ASSIGN_OR_RETURN(query.page_size, PageSize(request->page_size()));
        v1::ListRunsResponse list;
        SUMSCOPE_RETURN_IF_ERROR(backend_.catalog->Read([&](storage::CatalogReader& reader) -> absl::Status {
          SUMSCOPE_ASSIGN_OR_RETURN(storage::RunPage page, reader.runs().List(caller.viewer(), query));
          SweepVeil veil(&reader, caller.viewer());
          for (v1::Run& run : page.runs) {
            ShowProgress(backend_, &run);
            veil.Cover(&run);
            *list.add_runs() = std::move(run);
          }
          list.set_next_page_token(page.next_page_token);
          return absl::OkStatus();
        }));
        return list;
      });
}

absl::StatusOr<v1::Run> RunService::Update(const auth::Caller& caller, const v1::UpdateRunRequest& request) {
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run run, ResolveRun(backend_, caller, request.run().name()));
  SUMSCOPE_RETURN_IF_ERROR(ValidateLabels(request.run().labels()));
  jobs::RunChanges changes;
  changes.replace_labels = request.update_mask().paths().empty();
  bool set_visibility = request.update_mask().paths().empty() && request.run().visibility() != 0;
  for (const std::string& path : request.update_mask().paths()) {
    absl::string_view key = path;
    if (path == "labels") {
      changes.replace_labels = true;
    } else if (absl::ConsumePrefix(&key, "labels.")) {
      const auto found = request.run().labels().find(std::string(key));
      changes.labels[std::string(key)] =
          found == request.run().labels().end() ? std::nullopt : std::optional<std::string>(found->second);
    } else if (path == "visibility") {
      set_visibility = true;
    } else {
      return InvalidField("FIELD_NOT_MUTABLE", "update_mask",
                          absl::StrCat(Quote(path),
                                       " cannot be changed; labels and visibility can: \"labels\", "
                                       "\"labels.KEY\" or \"visibility\""));
    }
  }
  if (changes.replace_labels) changes.labels.insert(request.run().labels().begin(), request.run().labels().end());
  if (set_visibility) {
    // One that says nothing makes nothing public.
    SUMSCOPE_ASSIGN_OR_RETURN(changes.visibility,
                              CompleteVisibility(request.run().visibility(), v1::VISIBILITY_UNSPECIFIED));
  }
  return backend_.manager->runs().Update(caller.actor(), IdOf(run.name()), changes);
}

grpc::Status RunService::UpdateRun(grpc::ServerContext* context, const v1::UpdateRunRequest* request,
                                   v1::Run* response) {
  const auto update = [&](const auth::Caller& caller) { return Update(caller, *request); };
  return road_.Unary(context, request, response, AsOfNow(backend_, update));
}

grpc::Status RunService::CancelRun(grpc::ServerContext* context, const v1::CancelRunRequest* request,
                                   v1::Run* response) {
  const auto cancel = [&](const auth::Caller& caller) -> absl::StatusOr<v1::Run> {
    SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run run, ResolveRun(backend_, caller, request->name()));
    return backend_.manager->runs().Cancel(caller.actor(), IdOf(run.name()));
  };
  return road_.Unary(context, request, response, AsOfNow(backend_, cancel));
}

grpc::Status RunService::ResumeRun(grpc::ServerContext* context, const v1::ResumeRunRequest* request,
                                   v1::Run* response) {
  const auto resume = [&](const auth::Caller& caller) -> absl::StatusOr<v1::Run> {
    SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run run, ResolveRun(backend_, caller, request->name()));
    SUMSCOPE_ASSIGN_OR_RETURN(const jobs::Request id, RequestOf("ResumeRun", *request));
    return backend_.manager->runs().Resume(caller.actor(), id, IdOf(run.name()));
  };
  return road_.Unary(context, request, response, AsOfNow(backend_, resume));
}

grpc::Status RunService::RetryRun(grpc::ServerContext* context, const v1::RetryRunRequest* request, v1::Run* response) {
  const auto retry = [&](const auth::Caller& caller) -> absl::StatusOr<v1::Run> {
    SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run run, ResolveRun(backend_, caller, request->name()));
    v1::TrainSpec spec = run.spec();
    // Its weights are read anew: by somebody who may see them.
    if (!run.imported() && spec.insert_mode() > v1::INSERT_NONE) {
      SUMSCOPE_RETURN_IF_ERROR(CompleteSource(backend_, caller, &spec).status());
    }
    SUMSCOPE_ASSIGN_OR_RETURN(const jobs::Request id, RequestOf("RetryRun", *request));
    return backend_.manager->runs().Retry(caller.actor(), id, IdOf(run.name()));
  };
  return road_.Unary(context, request, response, AsOfNow(backend_, retry));
}

grpc::Status RunService::DeleteRun(grpc::ServerContext* context, const v1::DeleteRunRequest* request,
                                   v1::Run* response) {
  const auto remove = [&](const auth::Caller& caller) -> absl::StatusOr<v1::Run> {
    SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run run, ResolveRun(backend_, caller, request->name()));
    return backend_.manager->runs().Delete(caller.actor(), IdOf(run.name()));
  };
  return road_.Unary(context, request, response, AsOfNow(backend_, remove));
}

grpc::Status RunService::UndeleteRun(grpc::ServerContext* context, const v1::UndeleteRunRequest* request,
                                     v1::Run* response) {
  const auto undelete = [&](const auth::Caller& caller) -> absl::StatusOr<v1::Run> {
    SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run run,
                              ResolveRun(backend_, caller, request->name(), storage::RunsFirst::kDeleted));
    return backend_.manager->runs().Undelete(caller.actor(), IdOf(run.name()));
  };
  return road_.Unary(context, request, response, AsOfNow(backend_, undelete));
}

}  // namespace sumscope::rpc

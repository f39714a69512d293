#include "server/rpc/analyses/analysis_service.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/contract/analyses/kinds/kinds.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/names/resource_names.h"
#include "proto/contract/names/states.h"
#include "proto/contract/text/nearest.h"
#include "proto/contract/text/quote.h"
#include "server/jobs/analyses/analyses.h"
#include "server/rpc/analyses/asked_analysis.h"
#include "server/rpc/analyses/prospects.h"
#include "server/rpc/queue/priorities.h"
#include "server/rpc/runs/checkpoints.h"
#include "server/rpc/serve/free_disk.h"
#include "server/rpc/serve/requests.h"
#include "server/rpc/serve/resolve_run.h"

namespace sumscope::rpc {
namespace {

absl::Status CheckKind(const std::string& kind) {
  const auto* fields = v1::AnalysisRequest::descriptor();
  if (kind.empty() || fields->FindFieldByName(kind) != nullptr) return absl::OkStatus();
  std::vector<std::string> known;
  for (int i = 0; i < fields->field_count(); ++i) known.push_back(fields->field(i)->name());
  return InvalidField("ANALYSIS_UNKNOWN", "analysis",
                      absl::StrCat("there is no analysis ", Quote(kind), "; ", DidYouMean(kind, known)));
}

// What a watcher is told: also why a running analysis waits.
bool IsNews(const v1::Analysis& shown, const v1::Analysis& now) {
  return now.state() != shown.state() || now.progress() != shown.progress() ||
         now.state_reason() != shown.state_reason() || now.state_detail() != shown.state_detail();
}

}  // namespace

absl::StatusOr<jobs::NewAnalysis> AnalysisService::Asked(const auth::Caller& caller, const v1::Run& run,
                                                         const CheckpointRef& ref,
                                                         const v1::CreateAnalysisRequest& request) {
  if (run.has_delete_time()) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "RUN_DELETED",
                     run.name() + " is deleted; `sumscope runs undelete` brings it back");
  }
  jobs::NewAnalysis asked;
  SUMSCOPE_ASSIGN_OR_RETURN(asked.priority, CompletePriority(request.priority()));
  SUMSCOPE_ASSIGN_OR_RETURN(asked.analysis,
                            AskedAnalysis(backend_, caller, run.spec(), request.request(), request.question_set()));
  asked.needs = {asked.analysis.prediction().seconds(), asked.analysis.prediction().memory_bytes()};
  const bool waits_for_the_run = !ref.step.has_value() && !IsTerminal(run.state()) && !run.imported();
  if (waits_for_the_run && KindOf(asked.analysis.request()).needs_worker()) return asked;

  const std::string id = IdOf(run.name());
  std::shared_ptr<storage::RunFile> file;
  if (run.imported() || run.segment() > 0 || backend_.run_files->Exists(id)) {  // begun without its file: it is lost
    SUMSCOPE_ASSIGN_OR_RETURN(file, backend_.run_files->Open(id));
  }
  SUMSCOPE_ASSIGN_OR_RETURN(const storage::TensorSet weights, FindCheckpoint(run, file.get(), ref.step));
  asked.analysis.set_checkpoint(CheckpointName(id, weights.step));
  asked.analysis.set_key(AnalysisKey(weights.sha256, asked.analysis.request(), asked.analysis.question_set().sha256(),
                                     run.spec().precision()));
  return asked;
}

absl::StatusOr<v1::CreateAnalysisResponse> AnalysisService::Validate(const auth::Caller& caller, const std::string& run,
                                                                     jobs::NewAnalysis asked) {
  SUMSCOPE_RETURN_IF_ERROR(backend_.manager->analyses().Check(caller.actor(), run, asked));
  v1::CreateAnalysisResponse response;
  asked.analysis.mutable_prediction()->set_free_disk_bytes(FreeDiskBytes(backend_.spool_directory));
  if (!asked.analysis.key().empty()) {
    SUMSCOPE_RETURN_IF_ERROR(backend_.catalog->Read([&](storage::CatalogReader& reader) -> absl::Status {
      SUMSCOPE_ASSIGN_OR_RETURN(const std::optional<v1::Analysis> known,
                                reader.analyses().Find(caller.viewer(), run, asked.analysis.key()));
      response.set_from_cache(known.has_value());  // asked again, it costs nothing
      return absl::OkStatus();
    }));
  }
  *response.mutable_analysis() = std::move(asked.analysis);
  return response;
}

absl::StatusOr<v1::CreateAnalysisResponse> AnalysisService::Create(const auth::Caller& caller,
                                                                   const v1::CreateAnalysisRequest& request) {
  SUMSCOPE_ASSIGN_OR_RETURN(const CheckpointRef ref, ParseCheckpointName(request.parent()));
  SUMSCOPE_ASSIGN_OR_RETURN(v1::Run run, ResolveRun(backend_, caller, RunName(ref.run)));
  SUMSCOPE_ASSIGN_OR_RETURN(jobs::NewAnalysis asked, Asked(caller, run, ref, request));
  if (request.validate_only()) return Validate(caller, IdOf(run.name()), std::move(asked));
  SUMSCOPE_ASSIGN_OR_RETURN(const jobs::Request request_id, RequestOf("CreateAnalysis", request));
  const bool waits_for_the_run = asked.analysis.checkpoint().empty();
  absl::StatusOr<jobs::CreatedAnalysis> created =
      backend_.manager->analyses().Create(caller.actor(), request_id, IdOf(run.name()), std::move(asked));
  if (waits_for_the_run && ErrorReason(created.status()) == "RUN_ENDED") {  // meanwhile: its last checkpoint is there
    SUMSCOPE_ASSIGN_OR_RETURN(run, ResolveRun(backend_, caller, run.name()));
    SUMSCOPE_ASSIGN_OR_RETURN(asked, Asked(caller, run, ref, request));
    created = backend_.manager->analyses().Create(caller.actor(), request_id, IdOf(run.name()), std::move(asked));
  }
  SUMSCOPE_RETURN_IF_ERROR(created.status());
  v1::CreateAnalysisResponse response;
  SUMSCOPE_ASSIGN_OR_RETURN(const AnalysisRef name, ParseAnalysisName(created->analysis.name()));
  absl::StatusOr<v1::Analysis> whole = Load(caller, name.run, name.analysis);
  // What is made is made, whatever is wrong with its file; what was asked for is the stored answer.
  if (!whole.ok() && created->from_cache) return whole.status();
  *response.mutable_analysis() = whole.ok() ? *std::move(whole) : created->analysis;
  response.set_from_cache(created->from_cache);
  return response;
}

grpc::Status AnalysisService::CreateAnalysis(grpc::ServerContext* context, const v1::CreateAnalysisRequest* request,
                                             v1::CreateAnalysisResponse* response) {
  return road_.Unary(context, request, response, [&](const auth::Caller& caller) { return Create(caller, *request); });
}

absl::StatusOr<std::pair<std::string, std::string>> AnalysisService::Resolve(const auth::Caller& caller,
                                                                             const std::string& name) {
  SUMSCOPE_ASSIGN_OR_RETURN(const AnalysisRef ref, ParseAnalysisName(name));
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run run, ResolveRun(backend_, caller, RunName(ref.run)));
  return std::make_pair(IdOf(run.name()), ref.analysis);
}

absl::StatusOr<v1::Analysis> AnalysisService::Load(const auth::Caller& caller, const std::string& run,
                                                   const std::string& analysis) {
  v1::Analysis index;
  std::optional<v1::Analysis> order;  // of one that waits for its run, whose file has no record of it
  SUMSCOPE_RETURN_IF_ERROR(backend_.catalog->Read([&](storage::CatalogReader& reader) -> absl::Status {
    SUMSCOPE_ASSIGN_OR_RETURN(index, reader.analyses().Get(caller.viewer(), run, analysis));
    if (index.job().empty()) return absl::OkStatus();
    absl::StatusOr<v1::Analysis> found = reader.jobs().GetOrder(IdOf(index.job()));
    if (found.ok()) order = *std::move(found);
    return absl::IsNotFound(found.status()) ? absl::OkStatus() : found.status();
  }));
  if (order.has_value()) return AsIndexed(index, *std::move(order));
  const bool never_began = index.state() == v1::FAILED || index.state() == v1::CANCELLED;
  absl::StatusOr<v1::Analysis> stored = Stored(run, analysis);
  // An order whose run did not succeed is all that its row says.
  if (never_began && index.checkpoint().empty() && absl::IsNotFound(stored.status())) return index;
  SUMSCOPE_RETURN_IF_ERROR(stored.status());
  return AsIndexed(index, *std::move(stored));
}

absl::StatusOr<v1::Analysis> AnalysisService::Stored(const std::string& run, const std::string& analysis) {
  SUMSCOPE_ASSIGN_OR_RETURN(const auto file, backend_.run_files->Open(run));
  return file->GetAnalysis(analysis);
}

v1::Analysis AnalysisService::AsIndexed(const v1::Analysis& index, v1::Analysis analysis) {
  analysis.set_state(index.state());
  analysis.set_state_reason(index.state_reason());
  analysis.set_state_detail(index.state_detail());
  if (!index.job().empty()) analysis.set_job(index.job());
  if (index.has_end_time()) *analysis.mutable_end_time() = index.end_time();
  if (index.state() == v1::SUCCEEDED) {
    analysis.set_progress(1);
  } else {
    analysis.clear_result();
    analysis.set_progress(backend_.hub->AnalysisProgress(analysis.name()));
  }
  return analysis;
}

grpc::Status AnalysisService::GetAnalysis(grpc::ServerContext* context, const v1::GetAnalysisRequest* request,
                                          v1::Analysis* response) {
  return road_.Unary(context, request, response, [&](const auth::Caller& caller) -> absl::StatusOr<v1::Analysis> {
    SUMSCOPE_ASSIGN_OR_RETURN(const auto name, Resolve(caller, request->name()));
    SUMSCOPE_ASSIGN_OR_RETURN(v1::Analysis analysis, Load(caller, name.first, name.second));
    SUMSCOPE_RETURN_IF_ERROR(AddProspects(backend_, caller.viewer(), {&analysis}));
    return analysis;
  });
}

absl::StatusOr<v1::ListAnalysesResponse> AnalysisService::List(const auth::Caller& caller,
                                                               const v1::ListAnalysesRequest& request) {
  SUMSCOPE_RETURN_IF_ERROR(CheckKind(request.analysis()));
  storage::AnalysisQuery query{"", request.analysis(), 0, request.page_token()};
  if (request.parent() != "runs/-") {
    SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run found, ResolveRun(backend_, caller, request.parent()));
    query.run = IdOf(found.name());
  }
  SUMSCOPE_ASSIGN_OR_RETURN(query.page_size, PageSize(request.page_size()));
  v1::ListAnalysesResponse list;
  SUMSCOPE_RETURN_IF_ERROR(backend_.catalog->Read([&](storage::CatalogReader& reader) -> absl::Status {
    SUMSCOPE_ASSIGN_OR_RETURN(storage::AnalysisPage page, reader.analyses().List(caller.viewer(), query));
    for (v1::Analysis& analysis : page.analyses) *list.add_analyses() = std::move(analysis);
    list.set_next_page_token(page.next_page_token);
    return absl::OkStatus();
  }));
  SUMSCOPE_RETURN_IF_ERROR(AddProspects(
      backend_, caller.viewer(), {list.mutable_analyses()->pointer_begin(), list.mutable_analyses()->pointer_end()}));
  return list;
}

grpc::Status AnalysisService::ListAnalyses(grpc::ServerContext* context, const v1::ListAnalysesRequest* request,
                                           v1::ListAnalysesResponse* response) {
  return road_.Unary(context, request, response, [&](const auth::Caller& caller) { return List(caller, *request); });
}

absl::Status AnalysisService::Watch(const auth::Caller& caller, grpc::ServerContext* context,
                                    const v1::WatchAnalysisRequest& request, grpc::ServerWriter<v1::Analysis>* writer) {
  SUMSCOPE_ASSIGN_OR_RETURN(const auto seat, backend_.watchers->Enter());
  SUMSCOPE_ASSIGN_OR_RETURN(const auto name, Resolve(caller, request.name()));
  v1::Analysis shown;
  while (true) {
    const uint64_t version = backend_.hub->Version(name.first);
    const absl::StatusOr<v1::Analysis> found = Load(caller, name.first, name.second);
    if (absl::IsNotFound(found.status())) {  // a run that turned private is as one that was removed
      SUMSCOPE_RETURN_IF_ERROR(ResolveRun(backend_, caller, RunName(name.first)).status());
    }
    SUMSCOPE_RETURN_IF_ERROR(found.status());
    const v1::Analysis& analysis = *found;
    if (IsNews(shown, analysis)) {
      if (!writer->Write(analysis)) return absl::CancelledError("the client went away");
      shown = analysis;
    }
    if (IsTerminal(analysis.state())) return absl::OkStatus();
    if (backend_.hub->closed()) {
      return MakeError(absl::StatusCode::kUnavailable, "DRAINING", "the server is stopping; watch again in a moment");
    }
    if (context->IsCancelled()) return absl::CancelledError("the client went away");
    backend_.hub->WaitForChange(name.first, version, std::chrono::milliseconds(1000));
  }
}

grpc::Status AnalysisService::WatchAnalysis(grpc::ServerContext* context, const v1::WatchAnalysisRequest* request,
                                            grpc::ServerWriter<v1::Analysis>* writer) {
  return road_.Streaming(context, request,
                         [&](const auth::Caller& caller) { return Watch(caller, context, *request, writer); });
}

grpc::Status AnalysisService::CancelAnalysis(grpc::ServerContext* context, const v1::CancelAnalysisRequest* request,
                                             v1::Analysis* response) {
  return road_.Unary(context, request, response, [&](const auth::Caller& caller) -> absl::StatusOr<v1::Analysis> {
    SUMSCOPE_ASSIGN_OR_RETURN(const auto name, Resolve(caller, request->name()));
    SUMSCOPE_ASSIGN_OR_RETURN(v1::Analysis cancelled,
                              backend_.manager->analyses().Cancel(caller.actor(), name.first, name.second));
    absl::StatusOr<v1::Analysis> whole = Load(caller, name.first, name.second);
    return whole.ok() ? *std::move(whole) : cancelled;  // whatever is wrong with its file, it is cancelled
  });
}

grpc::Status AnalysisService::DeleteAnalysis(grpc::ServerContext* context, const v1::DeleteAnalysisRequest* request,
                                             v1::DeleteAnalysisResponse* response) {
  const auto remove = [&](const auth::Caller& caller) -> absl::StatusOr<v1::DeleteAnalysisResponse> {
    SUMSCOPE_ASSIGN_OR_RETURN(const auto name, Resolve(caller, request->name()));
    SUMSCOPE_RETURN_IF_ERROR(backend_.manager->analyses().Delete(caller.actor(), name.first, name.second));
    return v1::DeleteAnalysisResponse();
  };
  return road_.Unary(context, request, response, remove);
}

}  // namespace sumscope::rpc

#include "server/rpc/queue/queue_service.h"

#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/names/resource_names.h"
#include "proto/contract/names/states.h"
#include "server/jobs/scheduling/queue.h"
#include "server/rpc/queue/explain_text.h"
#include "server/rpc/queue/job_messages.h"
#include "server/rpc/queue/priorities.h"
#include "server/rpc/queue/queue_page.h"
#include "server/rpc/serve/gate/finding/find_job.h"
#include "server/rpc/serve/requests.h"

namespace sumscope::rpc {
namespace {

constexpr uint32_t kDefaultQueuePage = 100;

// Whether a user has jobs now, and how many, is told to them and to admins: of private ones nobody else may know.
bool TellsCounts(const storage::Viewer& viewer, const std::string& user) {
  return viewer.sees_everything() || viewer.user() == user;
}

// What users have had is the lab's to see.
void AddShares(const jobs::QueueView& view, const storage::Viewer& viewer, v1::ListJobsResponse* list) {
  double used = 0, weights = 0;
  for (const auto& [user, share] : view.shares) {
    used += share.device_seconds;
    if (share.running + share.waiting > 0) weights += share.weight;
  }
  for (const auto& [user, share] : view.shares) {
    v1::UserShare* const message = list->add_shares();
    if (!user.empty()) message->set_user(UserName(user));
    message->set_weight(share.weight);
    message->set_device_seconds(share.device_seconds);
    if (used > 0) message->set_share(share.device_seconds / used);
    if (!TellsCounts(viewer, user)) continue;
    if (share.running + share.waiting > 0 && weights > 0) message->set_entitled(share.weight / weights);
    message->set_running(share.running);
    message->set_waiting(share.waiting);
    message->set_running_limit(share.running_limit);
    message->set_waiting_limit(share.waiting_limit);
  }
}

}  // namespace

absl::StatusOr<v1::ListJobsResponse> QueueService::List(const auth::Caller& caller,
                                                        const v1::ListJobsRequest& request) {
  SUMSCOPE_ASSIGN_OR_RETURN(const uint32_t size, PageSize(request.page_size(), kDefaultQueuePage));
  v1::ListJobsResponse list;
  SUMSCOPE_RETURN_IF_ERROR(backend_.catalog->Read([&](storage::CatalogReader& reader) -> absl::Status {
    SUMSCOPE_ASSIGN_OR_RETURN(size_t next, ParseQueuePageToken(reader.token_seal(), request.page_token()));
    const std::shared_ptr<const jobs::QueueView> view = backend_.manager->queue().View();
    JobMessages messages(&reader, view.get(), backend_.hub, caller.viewer());
    SUMSCOPE_RETURN_IF_ERROR(messages.Begin());
    const size_t end = std::min(view->jobs.size(), next + size);
    for (size_t bytes = 0; next < end && bytes < limits::kMaxPageBytes; ++next) {
      SUMSCOPE_ASSIGN_OR_RETURN(v1::Job job, messages.Show(view->jobs[next]));
      if (IsTerminal(job.state())) continue;  // it has ended since the view
      bytes += job.ByteSizeLong();
      *list.add_jobs() = std::move(job);
    }
    if (next < view->jobs.size()) list.set_next_page_token(QueuePageToken(reader.token_seal(), next));
    list.set_running(static_cast<uint32_t>(view->running));
    list.set_waiting(static_cast<uint32_t>(view->jobs.size() - view->running));
    AddShares(*view, caller.viewer(), &list);
    return absl::OkStatus();
  }));
  return list;
}

grpc::Status QueueService::ListJobs(grpc::ServerContext* context, const v1::ListJobsRequest* request,
                                    v1::ListJobsResponse* response) {
  return road_.Unary(context, request, response, [&](const auth::Caller& caller) { return List(caller, *request); });
}

absl::StatusOr<v1::Explanation> QueueService::Explain(const auth::Caller& caller, const std::string& name) {
  SUMSCOPE_ASSIGN_OR_RETURN(const storage::Job found, FindJob(backend_.catalog, caller, name));
  const std::shared_ptr<const jobs::QueueView> view = backend_.manager->queue().View();
  v1::Explanation explanation;
  SUMSCOPE_RETURN_IF_ERROR(backend_.catalog->Read([&](storage::CatalogReader& reader) -> absl::Status {
    JobMessages messages(&reader, view.get(), backend_.hub, caller.viewer());
    SUMSCOPE_RETURN_IF_ERROR(messages.Begin());
    SUMSCOPE_ASSIGN_OR_RETURN(const storage::Job row, reader.jobs().Get(caller.viewer(), found.id));
    ExplainFacts facts;
    SUMSCOPE_ASSIGN_OR_RETURN(facts.job, messages.Show(row));
    SUMSCOPE_ASSIGN_OR_RETURN(facts.holders, messages.Holders(row));
    facts.now = view->time;
    facts.startable = static_cast<uint32_t>(view->startable);
    // As the queue's list tells them: how much somebody else has running would tell of their private jobs.
    const auto share = view->shares.find(row.owner);
    if (share != view->shares.end() && TellsCounts(caller.viewer(), row.owner)) {
      facts.running = share->second.running;
      facts.running_limit = share->second.running_limit;
    }
    facts.memory_bytes = row.memory_bytes;
    facts.record = messages.record();
    explanation.set_text(ExplainText(facts));
    *explanation.mutable_job() = std::move(facts.job);
    for (v1::Holder& holder : facts.holders) *explanation.add_holders() = std::move(holder);
    explanation.set_estimate_ratio(facts.record.median);
    explanation.set_estimates_checked(facts.record.count);
    return absl::OkStatus();
  }));
  return explanation;
}

grpc::Status QueueService::ExplainJob(grpc::ServerContext* context, const v1::ExplainJobRequest* request,
                                      v1::Explanation* response) {
  return road_.Unary(context, request, response,
                     [&](const auth::Caller& caller) { return Explain(caller, request->name()); });
}

absl::StatusOr<v1::Job> QueueService::Change(const auth::Caller& caller, const std::string& name, JobChange change) {
  SUMSCOPE_ASSIGN_OR_RETURN(const storage::Job found, FindJob(backend_.catalog, caller, name));
  SUMSCOPE_RETURN_IF_ERROR(change(caller.actor(), found.id));
  const std::shared_ptr<const jobs::QueueView> view = backend_.manager->queue().View();
  v1::Job job;
  SUMSCOPE_RETURN_IF_ERROR(backend_.catalog->Read([&](storage::CatalogReader& reader) -> absl::Status {
    JobMessages messages(&reader, view.get(), backend_.hub, caller.viewer());
    SUMSCOPE_RETURN_IF_ERROR(messages.Begin());
    SUMSCOPE_ASSIGN_OR_RETURN(const storage::Job row, reader.jobs().Get(caller.viewer(), found.id));
    SUMSCOPE_ASSIGN_OR_RETURN(job, messages.Show(row));
    return absl::OkStatus();
  }));
  return job;
}

grpc::Status QueueService::HoldJob(grpc::ServerContext* context, const v1::HoldJobRequest* request, v1::Job* response) {
  const auto hold = [this](const storage::Actor& actor, const std::string& job) {
    return backend_.manager->queue().Hold(actor, job);
  };
  return road_.Unary(context, request, response,
                     [&](const auth::Caller& caller) { return Change(caller, request->name(), hold); });
}

grpc::Status QueueService::ReleaseJob(grpc::ServerContext* context, const v1::ReleaseJobRequest* request,
                                      v1::Job* response) {
  const auto release = [this](const storage::Actor& actor, const std::string& job) {
    return backend_.manager->queue().Release(actor, job);
  };
  return road_.Unary(context, request, response,
                     [&](const auth::Caller& caller) { return Change(caller, request->name(), release); });
}

grpc::Status QueueService::SetJobPriority(grpc::ServerContext* context, const v1::SetJobPriorityRequest* request,
                                          v1::Job* response) {
  const auto set = [&](const storage::Actor& actor, const std::string& job) -> absl::Status {
    SUMSCOPE_RETURN_IF_ERROR(CheckPriorityIsSaid(request->priority()));
    return backend_.manager->queue().SetPriority(actor, job, request->priority());
  };
  return road_.Unary(context, request, response,
                     [&](const auth::Caller& caller) { return Change(caller, request->name(), set); });
}

}  // namespace sumscope::rpc

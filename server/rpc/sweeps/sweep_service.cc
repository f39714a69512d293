#include "server/rpc/sweeps/sweep_service.h"

#include <memory>
#include <utility>

#include "absl/time/time.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/names/resource_names.h"
#include "server/jobs/scheduling/queue.h"
#include "server/jobs/sweeps/sweeps.h"
#include "server/rpc/serve/free_disk.h"
#include "server/rpc/serve/gate/finding/find_sweep.h"
#include "server/rpc/serve/requests.h"
#include "server/rpc/serve/streams/tick.h"
#include "server/rpc/sweeps/asked_sweep.h"
#include "server/rpc/sweeps/sweep_messages.h"

namespace sumscope::rpc {
namespace {

constexpr absl::Duration kSweepInterval = absl::Seconds(1);  // between two looks of a watch

// What a watch shows anew: all but the estimate, which moves with the clock.
std::string SweepNews(v1::Sweep sweep) {
  sweep.clear_expected_end();
  return sweep.SerializeAsString();
}

}  // namespace

absl::StatusOr<v1::Sweep> SweepService::Show(const auth::Caller& caller, v1::Sweep row) {
  const std::shared_ptr<const jobs::QueueView> view = backend_.manager->queue().View();
  SUMSCOPE_RETURN_IF_ERROR(backend_.catalog->Read([&](storage::CatalogReader& reader) {
    return SweepMessages(&reader, caller.viewer(), view.get(), backend_.hub).Complete(&row);
  }));
  return row;
}

absl::StatusOr<v1::Sweep> SweepService::Create(const auth::Caller& caller, const v1::CreateSweepRequest& request) {
  SUMSCOPE_ASSIGN_OR_RETURN(const jobs::Request id, RequestOf("CreateSweep", request));
  SUMSCOPE_ASSIGN_OR_RETURN(jobs::NewSweep asked, AskedSweep(backend_, caller, request));
  if (request.validate_only()) {
    SUMSCOPE_RETURN_IF_ERROR(backend_.manager->sweeps().Check(caller.actor(), asked));
    asked.sweep.mutable_prediction()->set_free_disk_bytes(FreeDiskBytes(backend_.spool_directory));
    return std::move(asked.sweep);
  }
  asked.sweep.clear_prediction();
  SUMSCOPE_ASSIGN_OR_RETURN(v1::Sweep made, backend_.manager->sweeps().Create(caller.actor(), id, asked));
  return Show(caller, std::move(made));
}

grpc::Status SweepService::CreateSweep(grpc::ServerContext* context, const v1::CreateSweepRequest* request,
                                       v1::Sweep* response) {
  return road_.Unary(context, request, response, [&](const auth::Caller& caller) { return Create(caller, *request); });
}

grpc::Status SweepService::GetSweep(grpc::ServerContext* context, const v1::GetSweepRequest* request,
                                    v1::Sweep* response) {
  return road_.Unary(context, request, response, [&](const auth::Caller& caller) -> absl::StatusOr<v1::Sweep> {
    SUMSCOPE_ASSIGN_OR_RETURN(v1::Sweep row, FindSweep(backend_.catalog, caller, request->name()));
    return Show(caller, std::move(row));
  });
}

absl::StatusOr<v1::ListSweepsResponse> SweepService::List(const auth::Caller& caller,
                                                          const v1::ListSweepsRequest& request) {
  SUMSCOPE_ASSIGN_OR_RETURN(const uint32_t size, PageSize(request.page_size()));
  const std::shared_ptr<const jobs::QueueView> view = backend_.manager->queue().View();
  v1::ListSweepsResponse list;
  SUMSCOPE_RETURN_IF_ERROR(backend_.catalog->Read([&](storage::CatalogReader& reader) -> absl::Status {
    SUMSCOPE_ASSIGN_OR_RETURN(storage::SweepPage page,
                              reader.sweeps().List(caller.viewer(), size, request.page_token()));
    SweepMessages messages(&reader, caller.viewer(), view.get(), backend_.hub);
    for (v1::Sweep& sweep : page.sweeps) {
      SUMSCOPE_RETURN_IF_ERROR(messages.Complete(&sweep));
      *list.add_sweeps() = std::move(sweep);
    }
    list.set_next_page_token(page.next_page_token);
    return absl::OkStatus();
  }));
  return list;
}

grpc::Status SweepService::ListSweeps(grpc::ServerContext* context, const v1::ListSweepsRequest* request,
                                      v1::ListSweepsResponse* response) {
  return road_.Unary(context, request, response, [&](const auth::Caller& caller) { return List(caller, *request); });
}

absl::Status SweepService::Watch(const auth::Caller& caller, grpc::ServerContext* context,
                                 const v1::WatchSweepRequest& request, grpc::ServerWriter<v1::Sweep>* writer) {
  SUMSCOPE_ASSIGN_OR_RETURN(const auto seat, backend_.watchers->Enter());
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Sweep found, FindSweep(backend_.catalog, caller, request.name()));
  std::string shown;
  while (true) {
    // Read anew each time: one that is deleted, or turned private, is as one that never was.
    SUMSCOPE_ASSIGN_OR_RETURN(v1::Sweep row, FindSweep(backend_.catalog, caller, found.name()));
    SUMSCOPE_ASSIGN_OR_RETURN(const v1::Sweep sweep, Show(caller, std::move(row)));
    if (std::string news = SweepNews(sweep); news != shown) {
      if (!writer->Write(sweep)) return absl::CancelledError("the client went away");
      shown = std::move(news);
    }
    if (sweep.state() != v1::SWEEP_RUNNING) return absl::OkStatus();
    SUMSCOPE_RETURN_IF_ERROR(WaitForTick(backend_.hub, context, kSweepInterval));
  }
}

grpc::Status SweepService::WatchSweep(grpc::ServerContext* context, const v1::WatchSweepRequest* request,
                                      grpc::ServerWriter<v1::Sweep>* writer) {
  return road_.Streaming(context, request,
                         [&](const auth::Caller& caller) { return Watch(caller, context, *request, writer); });
}

grpc::Status SweepService::CancelSweep(grpc::ServerContext* context, const v1::CancelSweepRequest* request,
                                       v1::Sweep* response) {
  return road_.Unary(context, request, response, [&](const auth::Caller& caller) -> absl::StatusOr<v1::Sweep> {
    SUMSCOPE_ASSIGN_OR_RETURN(const v1::Sweep found, FindSweep(backend_.catalog, caller, request->name()));
    SUMSCOPE_ASSIGN_OR_RETURN(v1::Sweep row, backend_.manager->sweeps().Cancel(caller.actor(), IdOf(found.name())));
    return Show(caller, std::move(row));
  });
}

grpc::Status SweepService::RetrySweep(grpc::ServerContext* context, const v1::RetrySweepRequest* request,
                                      v1::Sweep* response) {
  return road_.Unary(context, request, response, [&](const auth::Caller& caller) -> absl::StatusOr<v1::Sweep> {
    SUMSCOPE_ASSIGN_OR_RETURN(const v1::Sweep found, FindSweep(backend_.catalog, caller, request->name()));
    SUMSCOPE_ASSIGN_OR_RETURN(const jobs::Request id, RequestOf("RetrySweep", *request));
    SUMSCOPE_ASSIGN_OR_RETURN(v1::Sweep row, backend_.manager->sweeps().Retry(caller.actor(), id, IdOf(found.name())));
    return Show(caller, std::move(row));
  });
}

grpc::Status SweepService::DeleteSweep(grpc::ServerContext* context, const v1::DeleteSweepRequest* request,
                                       v1::DeleteSweepResponse* response) {
  const auto remove = [&](const auth::Caller& caller) -> absl::StatusOr<v1::DeleteSweepResponse> {
    SUMSCOPE_ASSIGN_OR_RETURN(const v1::Sweep found, FindSweep(backend_.catalog, caller, request->name()));
    SUMSCOPE_RETURN_IF_ERROR(backend_.manager->sweeps().Delete(caller.actor(), IdOf(found.name())));
    return v1::DeleteSweepResponse();
  };
  return road_.Unary(context, request, response, remove);
}

}  // namespace sumscope::rpc

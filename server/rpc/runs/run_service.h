#ifndef SUMSCOPE_SERVER_RPC_RUNS_RUN_SERVICE_H_
#define SUMSCOPE_SERVER_RPC_RUNS_RUN_SERVICE_H_

#include "server/jobs/state/new_work.h"
#include "server/rpc/serve/service_base.h"
#include "sumscope/v1/runs.grpc.pb.h"

namespace sumscope::rpc {

// RunService as an adapter: validate, call, convert. run_service.cc has the calls that change or list runs,
// run_streams.cc watches, metrics and logs, run_transfer.cc checkpoints and imports. Thread-safe.
class RunService final : public ServiceBase<v1::RunService::WithCallbackMethod_ImportRun<v1::RunService::Service>> {
 public:
  using ServiceBase::ServiceBase;

  grpc::Status CreateRun(grpc::ServerContext*, const v1::CreateRunRequest*, v1::Run*) override;
  grpc::Status GetRun(grpc::ServerContext*, const v1::GetRunRequest*, v1::Run*) override;
  grpc::Status ListRuns(grpc::ServerContext*, const v1::ListRunsRequest*, v1::ListRunsResponse*) override;
  grpc::Status UpdateRun(grpc::ServerContext*, const v1::UpdateRunRequest*, v1::Run*) override;
  grpc::Status CancelRun(grpc::ServerContext*, const v1::CancelRunRequest*, v1::Run*) override;
  grpc::Status ResumeRun(grpc::ServerContext*, const v1::ResumeRunRequest*, v1::Run*) override;
  grpc::Status RetryRun(grpc::ServerContext*, const v1::RetryRunRequest*, v1::Run*) override;
  grpc::Status DeleteRun(grpc::ServerContext*, const v1::DeleteRunRequest*, v1::Run*) override;
  grpc::Status UndeleteRun(grpc::ServerContext*, const v1::UndeleteRunRequest*, v1::Run*) override;

  grpc::Status WatchRun(grpc::ServerContext*, const v1::WatchRunRequest*,
                        grpc::ServerWriter<v1::WatchRunResponse>*) override;
  grpc::Status ListMetrics(grpc::ServerContext*, const v1::ListMetricsRequest*, v1::ListMetricsResponse*) override;
  grpc::Status StreamMetrics(grpc::ServerContext*, const v1::StreamMetricsRequest*,
                             grpc::ServerWriter<v1::MetricBlock>*) override;
  grpc::Status ListLogs(grpc::ServerContext*, const v1::ListLogsRequest*, v1::ListLogsResponse*) override;

  grpc::Status ListCheckpoints(grpc::ServerContext*, const v1::ListCheckpointsRequest*,
                               v1::ListCheckpointsResponse*) override;
  grpc::Status DownloadCheckpoint(grpc::ServerContext*, const v1::DownloadCheckpointRequest*,
                                  grpc::ServerWriter<v1::FileChunk>*) override;
  grpc::ServerReadReactor<v1::ImportRunRequest>* ImportRun(grpc::CallbackServerContext*, v1::Run*) override;

 private:
  // What is asked, complete and checked but for what jobs know, and without its needs.
  absl::StatusOr<jobs::NewRun> Asked(const auth::Caller& caller, const v1::CreateRunRequest& request) const;
  absl::StatusOr<v1::Run> Create(const auth::Caller& caller, const v1::CreateRunRequest& request);
  absl::StatusOr<v1::Run> Update(const auth::Caller& caller, const v1::UpdateRunRequest& request);
  absl::Status Watch(const auth::Caller& caller, grpc::ServerContext* context, const v1::WatchRunRequest& request,
                     grpc::ServerWriter<v1::WatchRunResponse>* writer);
  absl::Status Stream(const auth::Caller& caller, grpc::ServerContext* context, const v1::StreamMetricsRequest& request,
                      grpc::ServerWriter<v1::MetricBlock>* writer);
  absl::Status Download(const auth::Caller& caller, grpc::ServerContext* context,
                        const v1::DownloadCheckpointRequest& request, grpc::ServerWriter<v1::FileChunk>* writer);
  absl::StatusOr<v1::Run> Import(const auth::Caller& caller, UploadReader<v1::ImportRunRequest>* reader);
};

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_RUNS_RUN_SERVICE_H_

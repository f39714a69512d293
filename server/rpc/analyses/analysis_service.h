#ifndef SUMSCOPE_SERVER_RPC_ANALYSES_ANALYSIS_SERVICE_H_
#define SUMSCOPE_SERVER_RPC_ANALYSES_ANALYSIS_SERVICE_H_

#include <string>
#include <utility>

#include "proto/contract/names/resource_names.h"
#include "server/jobs/state/new_work.h"
#include "server/rpc/serve/service_base.h"
#include "sumscope/v1/analyses.grpc.pb.h"

namespace sumscope::rpc {

// AnalysisService as an adapter over jobs and storage. Thread-safe.
class AnalysisService final : public ServiceBase<v1::AnalysisService::Service> {
 public:
  using ServiceBase::ServiceBase;

  grpc::Status CreateAnalysis(grpc::ServerContext*, const v1::CreateAnalysisRequest*,
                              v1::CreateAnalysisResponse*) override;
  grpc::Status GetAnalysis(grpc::ServerContext*, const v1::GetAnalysisRequest*, v1::Analysis*) override;
  grpc::Status ListAnalyses(grpc::ServerContext*, const v1::ListAnalysesRequest*, v1::ListAnalysesResponse*) override;
  grpc::Status WatchAnalysis(grpc::ServerContext*, const v1::WatchAnalysisRequest*,
                             grpc::ServerWriter<v1::Analysis>*) override;
  grpc::Status CancelAnalysis(grpc::ServerContext*, const v1::CancelAnalysisRequest*, v1::Analysis*) override;
  grpc::Status DeleteAnalysis(grpc::ServerContext*, const v1::DeleteAnalysisRequest*,
                              v1::DeleteAnalysisResponse*) override;

 private:
  absl::StatusOr<v1::CreateAnalysisResponse> Create(const auth::Caller& caller,
                                                    const v1::CreateAnalysisRequest& request);
  // What is asked of a run, complete, checked and with its needs: of a checkpoint that is there or, where the last one
  // is still to come, as an order.
  absl::StatusOr<jobs::NewAnalysis> Asked(const auth::Caller& caller, const v1::Run& run, const CheckpointRef& ref,
                                          const v1::CreateAnalysisRequest& request);
  absl::StatusOr<v1::CreateAnalysisResponse> Validate(const auth::Caller& caller, const std::string& run,
                                                      jobs::NewAnalysis asked);
  // "runs/{run}/analyses/{analysis}" with a full run id in place of a prefix.
  absl::StatusOr<std::pair<std::string, std::string>> Resolve(const auth::Caller& caller, const std::string& name);
  absl::StatusOr<v1::ListAnalysesResponse> List(const auth::Caller& caller, const v1::ListAnalysesRequest& request);
  absl::Status Watch(const auth::Caller& caller, grpc::ServerContext* context, const v1::WatchAnalysisRequest& request,
                     grpc::ServerWriter<v1::Analysis>* writer);
  // The whole analysis: the run file's record, or the order of one that waits for its run, under the catalog's state.
  absl::StatusOr<v1::Analysis> Load(const auth::Caller& caller, const std::string& run, const std::string& analysis);
  absl::StatusOr<v1::Analysis> Stored(const std::string& run, const std::string& analysis);
  v1::Analysis AsIndexed(const v1::Analysis& index, v1::Analysis analysis);
};

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_ANALYSES_ANALYSIS_SERVICE_H_

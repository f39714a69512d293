#ifndef SUMSCOPE_SERVER_RPC_QUEUE_QUEUE_SERVICE_H_
#define SUMSCOPE_SERVER_RPC_QUEUE_QUEUE_SERVICE_H_

#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/rpc/serve/service_base.h"
#include "storage/catalog/actor.h"
#include "sumscope/v1/queue.grpc.pb.h"

namespace sumscope::rpc {

// QueueService as an adapter over the queue's view and the catalog. Thread-safe.
class QueueService final : public ServiceBase<v1::QueueService::Service> {
 public:
  using ServiceBase::ServiceBase;

  grpc::Status ListJobs(grpc::ServerContext*, const v1::ListJobsRequest*, v1::ListJobsResponse*) override;
  grpc::Status ExplainJob(grpc::ServerContext*, const v1::ExplainJobRequest*, v1::Explanation*) override;
  grpc::Status HoldJob(grpc::ServerContext*, const v1::HoldJobRequest*, v1::Job*) override;
  grpc::Status ReleaseJob(grpc::ServerContext*, const v1::ReleaseJobRequest*, v1::Job*) override;
  grpc::Status SetJobPriority(grpc::ServerContext*, const v1::SetJobPriorityRequest*, v1::Job*) override;

 private:
  using JobChange = absl::FunctionRef<absl::Status(const storage::Actor& actor, const std::string& job)>;

  absl::StatusOr<v1::ListJobsResponse> List(const auth::Caller& caller, const v1::ListJobsRequest& request);
  absl::StatusOr<v1::Explanation> Explain(const auth::Caller& caller, const std::string& name);
  // Changes the job of that name, and shows it as it is then.
  absl::StatusOr<v1::Job> Change(const auth::Caller& caller, const std::string& name, JobChange change);
};

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_QUEUE_QUEUE_SERVICE_H_

#ifndef SUMSCOPE_SERVER_RPC_SWEEPS_SWEEP_SERVICE_H_
#define SUMSCOPE_SERVER_RPC_SWEEPS_SWEEP_SERVICE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/rpc/serve/service_base.h"
#include "sumscope/v1/sweeps.grpc.pb.h"

namespace sumscope::rpc {

// SweepService as an adapter over jobs and storage. Thread-safe.
class SweepService final : public ServiceBase<v1::SweepService::Service> {
 public:
  using ServiceBase::ServiceBase;

  grpc::Status CreateSweep(grpc::ServerContext*, const v1::CreateSweepRequest*, v1::Sweep*) override;
  grpc::Status GetSweep(grpc::ServerContext*, const v1::GetSweepRequest*, v1::Sweep*) override;
  grpc::Status ListSweeps(grpc::ServerContext*, const v1::ListSweepsRequest*, v1::ListSweepsResponse*) override;
  grpc::Status WatchSweep(grpc::ServerContext*, const v1::WatchSweepRequest*, grpc::ServerWriter<v1::Sweep>*) override;
  grpc::Status CancelSweep(grpc::ServerContext*, const v1::CancelSweepRequest*, v1::Sweep*) override;
  grpc::Status RetrySweep(grpc::ServerContext*, const v1::RetrySweepRequest*, v1::Sweep*) override;
  grpc::Status DeleteSweep(grpc::ServerContext*, const v1::DeleteSweepRequest*, v1::DeleteSweepResponse*) override;

 private:
  absl::StatusOr<v1::Sweep> Create(const auth::Caller& caller, const v1::CreateSweepRequest& request);
  absl::StatusOr<v1::ListSweepsResponse> List(const auth::Caller& caller, const v1::ListSweepsRequest& request);
  absl::Status Watch(const auth::Caller& caller, grpc::ServerContext* context, const v1::WatchSweepRequest& request,
                     grpc::ServerWriter<v1::Sweep>* writer);
  // The row with what is counted.
  absl::StatusOr<v1::Sweep> Show(const auth::Caller& caller, v1::Sweep row);
};

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_SWEEPS_SWEEP_SERVICE_H_

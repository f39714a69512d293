#ifndef SUMSCOPE_SERVER_RPC_DEVICES_DEVICE_SERVICE_H_
#define SUMSCOPE_SERVER_RPC_DEVICES_DEVICE_SERVICE_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/rpc/serve/service_base.h"
#include "sumscope/v1/queue.grpc.pb.h"

namespace sumscope::rpc {

// DeviceService: what the machine's devices are like, and what runs on them as far as the caller may know. Thread-safe.
class DeviceService final : public ServiceBase<v1::DeviceService::Service> {
 public:
  using ServiceBase::ServiceBase;

  grpc::Status ListDevices(grpc::ServerContext*, const v1::ListDevicesRequest*, v1::ListDevicesResponse*) override;
  grpc::Status WatchDevices(grpc::ServerContext*, const v1::WatchDevicesRequest*,
                            grpc::ServerWriter<v1::ListDevicesResponse>*) override;

 private:
  absl::StatusOr<v1::ListDevicesResponse> List(const storage::Viewer& viewer) const;
  absl::Status Watch(const auth::Caller& caller, grpc::ServerContext* context, const v1::WatchDevicesRequest& request,
                     grpc::ServerWriter<v1::ListDevicesResponse>* writer) const;
};

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_DEVICES_DEVICE_SERVICE_H_

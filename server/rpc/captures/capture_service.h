#ifndef SUMSCOPE_SERVER_RPC_CAPTURES_CAPTURE_SERVICE_H_
#define SUMSCOPE_SERVER_RPC_CAPTURES_CAPTURE_SERVICE_H_

#include <map>
#include <memory>
#include <string>

#include "proto/contract/base/mutex.h"
#include "server/rpc/serve/service_base.h"
#include "server/rpc/serve/transfer/file_chunks.h"
#include "sumscope/v1/activations.grpc.pb.h"

namespace sumscope::rpc {

// Stored activations: captures that have succeeded, tensor by tensor and range by range. Thread-safe.
class CaptureService final : public ServiceBase<v1::CaptureService::Service> {
 public:
  using ServiceBase::ServiceBase;

  grpc::Status ListCaptures(grpc::ServerContext*, const v1::ListCapturesRequest*, v1::ListCapturesResponse*) override;
  grpc::Status GetCapture(grpc::ServerContext*, const v1::GetCaptureRequest*, v1::Capture*) override;
  grpc::Status ReadTensor(grpc::ServerContext*, const v1::ReadTensorRequest*,
                          grpc::ServerWriter<v1::FileChunk>*) override;
  grpc::Status DownloadCapture(grpc::ServerContext*, const v1::DownloadCaptureRequest*,
                               grpc::ServerWriter<v1::FileChunk>*) override;
  grpc::Status DeleteCapture(grpc::ServerContext*, const v1::DeleteCaptureRequest*,
                             v1::DeleteCaptureResponse*) override;

 private:
  absl::StatusOr<v1::Capture> Get(const auth::Caller& caller, const std::string& name);
  // NOT_FOUND CAPTURE_NOT_FOUND.
  absl::StatusOr<v1::Capture> Load(const auth::Caller& caller, const std::string& run, const std::string& capture);
  // The file of a capture, which holds just the tensors that its result names. NOT_FOUND CAPTURE_FILE_NOT_FOUND;
  // DATA_LOSS CAPTURE_FILE_CORRUPT, CAPTURE_FILE_MISPLACED. Shared by what reads it piece by piece.
  absl::StatusOr<std::shared_ptr<storage::CaptureFile>> Open(const v1::Capture& capture);
  absl::StatusOr<v1::ListCapturesResponse> List(const auth::Caller& caller, grpc::ServerContext* context,
                                                const v1::ListCapturesRequest& request);
  absl::Status Read(const auth::Caller& caller, grpc::ServerContext* context, const v1::ReadTensorRequest& request,
                    grpc::ServerWriter<v1::FileChunk>* writer);
  absl::Status Download(const auth::Caller& caller, grpc::ServerContext* context,
                        const v1::DownloadCaptureRequest& request, grpc::ServerWriter<v1::FileChunk>* writer);

  // SHA-256 of the whole file that `read` gives. Read once: a capture never changes.
  absl::StatusOr<std::string> HashOf(grpc::ServerContext* context, const std::string& name, uint64_t bytes,
                                     const ReadBytes& read);

  Mutex mutex_;
  std::map<std::string, std::string> hashes_ ABSL_GUARDED_BY(mutex_);  // by name
};

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_CAPTURES_CAPTURE_SERVICE_H_

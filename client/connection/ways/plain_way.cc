#include "client/connection/ways/plain_way.h"

#include "absl/strings/match.h"
#include "client/connection/ways/channel_arguments.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "proto/contract/process/grpc_address.h"

namespace sumscope::client {
namespace {

class PlainWay final : public Way {
 public:
  explicit PlainWay(const ConnectionOptions& options) : options_(options) {}

  absl::StatusOr<std::shared_ptr<grpc::Channel>> Open(absl::Duration) override {
    const bool tcp = !absl::StartsWith(options_.address, "unix:");
    return grpc::CreateCustomChannel(GrpcAddress(options_.address), grpc::InsecureChannelCredentials(),
                                     MakeChannelArguments(options_.timeout, tcp));
  }

 private:
  const ConnectionOptions options_;
};

}  // namespace

std::unique_ptr<Way> MakePlainWay(const ConnectionOptions& options) { return std::make_unique<PlainWay>(options); }

}  // namespace sumscope::client

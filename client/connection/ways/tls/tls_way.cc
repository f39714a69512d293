#include "client/connection/ways/tls/tls_way.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "client/connection/ways/channel_arguments.h"
#include "client/connection/ways/tls/tls_files.h"
#include "client/connection/ways/tls/tls_probe.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"

namespace sumscope::client {
namespace {

class TlsWay final : public Way {
 public:
  TlsWay(const ConnectionOptions& options, Address address) : options_(options), address_(std::move(address)) {}

  absl::StatusOr<std::shared_ptr<grpc::Channel>> Open(absl::Duration) override {
    SUMSCOPE_ASSIGN_OR_RETURN(files_, ReadTlsFiles(options_.credentials));
    grpc::SslCredentialsOptions tls;
    tls.pem_root_certs = files_.ca;
    tls.pem_cert_chain = files_.certificate;
    tls.pem_private_key = files_.key;
    std::shared_ptr<grpc::ChannelCredentials> credentials = grpc::SslCredentials(tls);
    if (!files_.token.empty()) {
      // gRPC sends it over TLS alone, whatever the channel.
      credentials = grpc::CompositeChannelCredentials(credentials, grpc::AccessTokenCredentials(files_.token));
    }
    return grpc::CreateCustomChannel(options_.address, credentials,
                                     MakeChannelArguments(options_.timeout, /*elsewhere=*/true));
  }

  absl::Status WhyLost() override {
    constexpr absl::Duration kPatience = absl::Seconds(3);  // after calls that failed anyway
    const std::string why = WhyTlsFails(address_, files_, kPatience);
    if (why.empty()) return absl::OkStatus();
    return MakeError(absl::StatusCode::kUnavailable, "TLS_FAILED",
                     absl::StrCat("no TLS with ", options_.address, ": ", why));
  }

 private:
  const ConnectionOptions options_;
  const Address address_;
  TlsFiles files_;  // of the last channel
};

}  // namespace

std::unique_ptr<Way> MakeTlsWay(const ConnectionOptions& options, const Address& address) {
  return std::make_unique<TlsWay>(options, address);
}

}  // namespace sumscope::client

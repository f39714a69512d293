// Who calls, as a handler hears it, for each of the ways in.
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "grpcpp/security/credentials.h"
#include "server/listener.h"
#include "server/rpc/serve/gate/peer_of.h"
#include "sumscope/v1/system.grpc.pb.h"
#include "tests/server/free_port.h"
#include "tests/server/transport/tls/tls_fixture.h"

namespace sumscope {
namespace {

// Notes who makes a call.
class Listening final : public v1::SystemService::Service {
 public:
  explicit Listening(transport::ConnectionTable* connections) : connections_(connections) {}
  grpc::Status GetServerInfo(grpc::ServerContext* context, const v1::GetServerInfoRequest*, v1::ServerInfo*) override {
    peer = rpc::PeerOf(*context, connections_);
    return grpc::Status::OK;
  }

  std::optional<auth::Peer> peer;  // a test calls once at a time

 private:
  transport::ConnectionTable* const connections_;
};

class WaysIn_Test : public testing::Test {
 protected:
  void Start(const std::string& address, bool with_tls) {
    if (with_tls) {
      credentials_ =
          transport::TlsCredentials::Create({tls_.files, transport::ClientCertificates::kOptional}, Clock::Real())
              .value();
    }
    PublicServer parts;
    parts.services = {&service_};
    parts.connections = &connections_;
    parts.watch = &watch_;
    parts.tls = credentials_.get();
    sockets_ = ClaimSockets({address}).value();
    auto server = Listen({address}, sockets_, parts);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }
  void TearDown() override {
    if (server_ != nullptr) server_->Shutdown(absl::Now() + absl::Seconds(1));
    server_.reset();
  }
  auth::Peer PeerOfCall(const std::string& address, const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    if (credentials_ != nullptr) arguments.SetSslTargetNameOverride("localhost");
    const auto stub = v1::SystemService::NewStub(grpc::CreateCustomChannel(address, credentials, arguments));
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));  // of a test that fails
    context.AddMetadata("authorization", "Bearer x");
    v1::ServerInfo info;
    const grpc::Status status = stub->GetServerInfo(&context, {}, &info);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return service_.peer.value_or(auth::Peer());
  }
  std::shared_ptr<grpc::ChannelCredentials> Tls(const IssuedCertificate& own = {}) {
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = tls_.authority.certificate();
    options.pem_private_key = own.key;
    options.pem_cert_chain = own.certificate;
    return grpc::SslCredentials(options);
  }

  TlsFolder tls_;
  transport::ConnectionTable connections_{{50, absl::Hours(1)}, Clock::Real()};
  rpc::CallWatch watch_{&connections_, Clock::Real()};
  Listening service_{&connections_};
  std::unique_ptr<transport::TlsCredentials> credentials_;
  SocketPlaces sockets_;
  std::unique_ptr<transport::RpcServer> server_;
};

TEST_F(WaysIn_Test, CallOnTheSocketIsItsAccounts) {
  const std::string address = "unix:" + tls_.folder.path() + "/s";
  Start(address, false);
  const auth::Peer peer = PeerOfCall(address, grpc::InsecureChannelCredentials());
  EXPECT_EQ(peer.way, auth::Way::kSocket);
  EXPECT_EQ(peer.uid, geteuid());
  EXPECT_EQ(peer.address, "socket");
  EXPECT_EQ(peer.authorization, "Bearer x");
}

// gRPC names such a peer "fd:N" as well: taken for the socket's, it would have been its account's.
TEST_F(WaysIn_Test, CallOnLoopbackIsNobodysAccount) {
  for (const char* const host : {"127.0.0.1", "[::1]"}) {
    const std::string address = absl::StrCat(host, ":", FreePort());
    if (host[0] == '[' && !transport::ListeningSocket::BindLoopback("[::1]:0").ok()) continue;
    Start(address, false);
    const auth::Peer peer = PeerOfCall(address, grpc::InsecureChannelCredentials());
    EXPECT_EQ(peer.way, auth::Way::kLoopback);
    EXPECT_EQ(peer.uid, std::nullopt);
    EXPECT_EQ(peer.address, host[0] == '[' ? "::1" : host);
    TearDown();
  }
}

TEST_F(WaysIn_Test, CallOverTlsHasItsCertificatesNames) {
  for (const char* const host : {"127.0.0.1", "[::1]"}) {
    const std::string address = absl::StrCat(host, ":", FreePort());
    if (host[0] == '[' && !transport::ListeningSocket::BindLoopback("[::1]:0").ok()) continue;
    Start(address, true);
    const auth::Peer without = PeerOfCall(address, Tls());
    EXPECT_EQ(without.way, auth::Way::kTls);
    EXPECT_EQ(without.uid, std::nullopt);
    EXPECT_EQ(without.address, host[0] == '[' ? "::1" : host);
    EXPECT_TRUE(without.certificate_names.empty());
    const auth::Peer with = PeerOfCall(address, Tls(tls_.authority.IssueClient("alice", {"email:alice@lab", "DNS:a"})));
    EXPECT_EQ(with.certificate_names, (std::vector<std::string>{"alice@lab", "a"}));
    const auth::Peer common = PeerOfCall(address, Tls(tls_.authority.IssueClient("alice")));
    EXPECT_EQ(common.certificate_names, std::vector<std::string>{"alice"});
    TearDown();
  }
}

}  // namespace
}  // namespace sumscope

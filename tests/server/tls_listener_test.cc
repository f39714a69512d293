// Handshakes with a public server over TLS, by clients of gRPC and of OpenSSL alone.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/security/credentials.h"
#include "proto/contract/errors/errors.h"
#include "server/listener.h"
#include "tests/server/free_port.h"
#include "tests/server/transport/tls/tls_fixture.h"

namespace sumscope {
namespace {

using transport::ClientCertificates;
using transport::TlsCredentials;

// A connection of OpenSSL, for what no client of gRPC does.
class RawTls {
 public:
  RawTls(int port, int version)
      : context_(SSL_CTX_new(TLS_client_method())), descriptor_(socket(AF_INET, SOCK_STREAM, 0)) {
    SSL_CTX_set_security_level(context_, 0);
    SSL_CTX_set_min_proto_version(context_, version);
    SSL_CTX_set_max_proto_version(context_, version);
    sockaddr_in name = {};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    name.sin_port = htons(static_cast<uint16_t>(port));
    EXPECT_EQ(connect(descriptor_.get(), reinterpret_cast<sockaddr*>(&name), sizeof(name)), 0);
    ssl_ = SSL_new(context_);
    const unsigned char h2[] = {2, 'h', '2'};
    SSL_set_alpn_protos(ssl_, h2, sizeof(h2));
    SSL_set_fd(ssl_, descriptor_.get());
    done_ = SSL_connect(ssl_) == 1;
  }
  ~RawTls() {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
  }
  bool done() const { return done_; }
  // What the server shows.
  std::string Certificate() const {
    X509* const shown = SSL_get1_peer_certificate(ssl_);
    if (shown == nullptr) return "";
    unsigned char* bytes = nullptr;
    const int size = i2d_X509(shown, &bytes);
    const std::string text(reinterpret_cast<char*>(bytes), static_cast<size_t>(size));
    OPENSSL_free(bytes);
    X509_free(shown);
    return text;
  }

 private:
  SSL_CTX* const context_;
  const FileDescriptor descriptor_;
  SSL* ssl_ = nullptr;
  bool done_ = false;
};

class TlsListener_Test : public testing::Test {
 protected:
  void Start(ClientCertificates asked = ClientCertificates::kOptional) {
    auto credentials = TlsCredentials::Create({tls_.files, asked}, Clock::Real());
    ASSERT_TRUE(credentials.ok()) << credentials.status();
    credentials_ = *std::move(credentials);
    parts_.connections = &connections_;
    parts_.watch = &watch_;
    parts_.tls = credentials_.get();
    port_ = FreePort();
    auto server = Listen({Address()}, {}, parts_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }
  void TearDown() override {
    if (server_ != nullptr) server_->Shutdown(absl::Now() + absl::Seconds(1));
  }
  std::string Address() const { return absl::StrCat("127.0.0.1:", port_); }

  std::shared_ptr<grpc::Channel> Channel(const std::string& ca, const IssuedCertificate& own = {},
                                         const std::string& host = "localhost") {
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = ca;
    options.pem_private_key = own.key;
    options.pem_cert_chain = own.certificate;
    grpc::ChannelArguments arguments;
    arguments.SetSslTargetNameOverride(host);
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return grpc::CreateCustomChannel(Address(), grpc::SslCredentials(options), arguments);
  }
  // How a call of health ends.
  grpc::StatusCode Call(const std::shared_ptr<grpc::Channel>& channel) {
    grpc::GenericStub stub(channel);
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));  // of a test that fails
    grpc::CompletionQueue queue;
    const grpc::Slice nothing("", 0);
    const grpc::ByteBuffer empty(&nothing, 1);
    auto call = stub.PrepareUnaryCall(&context, "/grpc.health.v1.Health/Check", empty, &queue);
    call->StartCall();
    grpc::ByteBuffer answer;
    grpc::Status status;
    call->Finish(&answer, &status, this);
    void* tag = nullptr;
    bool ok = false;
    EXPECT_TRUE(queue.Next(&tag, &ok));
    return status.error_code();
  }
  // Looks at the files, as the server does every second, until new handshakes show something else than `before`.
  bool WaitForOther(const std::string& before) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (std::chrono::steady_clock::now() < deadline) {
      credentials_->Refresh();
      const RawTls connection(port_, TLS1_3_VERSION);
      if (connection.done() && connection.Certificate() != before) return true;
      std::this_thread::yield();
    }
    return false;
  }
  std::string Shown() { return RawTls(port_, TLS1_3_VERSION).Certificate(); }

  TlsFolder tls_;
  transport::ConnectionTable connections_{{50, absl::Hours(1)}, Clock::Real()};
  rpc::CallWatch watch_{&connections_, Clock::Real()};
  std::unique_ptr<TlsCredentials> credentials_;
  PublicServer parts_;
  int port_ = 0;
  std::unique_ptr<transport::RpcServer> server_;
};

TEST_F(TlsListener_Test, ClientOfTheRightAuthorityAndHostIsServed) {
  Start();
  EXPECT_EQ(Call(Channel(tls_.authority.certificate())), grpc::StatusCode::OK);
  EXPECT_EQ(Call(Channel(tls_.authority.certificate(), {}, "127.0.0.1")), grpc::StatusCode::OK);
}

TEST_F(TlsListener_Test, ClientOfAnotherAuthorityOrHostRefusesTheServer) {
  Start();
  EXPECT_EQ(Call(Channel(TestAuthority().certificate())), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(Call(Channel(tls_.authority.certificate(), {}, "elsewhere")), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(TlsListener_Test, ExpiredServerIsRefusedByItsClients) {
  tls_.Put(tls_.authority.IssueExpiredServer());
  Start();
  EXPECT_FALSE(credentials_->warnings().empty());
  EXPECT_EQ(Call(Channel(tls_.authority.certificate())), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(TlsListener_Test, ClientCertificateThatDoesNotHoldIsRefusedEvenWhereNoneIsNeeded) {
  Start(ClientCertificates::kOptional);
  const std::string& ca = tls_.authority.certificate();
  EXPECT_EQ(Call(Channel(ca, tls_.authority.IssueClient("alice"))), grpc::StatusCode::OK);
  EXPECT_EQ(Call(Channel(ca, tls_.authority.IssueExpiredClient("alice"))), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(Call(Channel(ca, TestAuthority().IssueClient("alice"))), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(Call(Channel(ca, tls_.authority.IssueServer())), grpc::StatusCode::UNAVAILABLE) << "not for clients";
}

TEST_F(TlsListener_Test, WhereACertificateIsRequiredNobodyComesInWithout) {
  Start(ClientCertificates::kRequired);
  const std::string& ca = tls_.authority.certificate();
  EXPECT_EQ(Call(Channel(ca)), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(Call(Channel(ca, tls_.authority.IssueClient("alice"))), grpc::StatusCode::OK);
}

TEST_F(TlsListener_Test, PlaintextIsNotServed) {
  Start();
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  EXPECT_EQ(Call(grpc::CreateCustomChannel(Address(), grpc::InsecureChannelCredentials(), arguments)),
            grpc::StatusCode::UNAVAILABLE);
}

TEST_F(TlsListener_Test, VersionsBelowTwelveAreRefused) {
  Start();
  EXPECT_FALSE(RawTls(port_, TLS1_VERSION).done());
  EXPECT_FALSE(RawTls(port_, TLS1_1_VERSION).done());
  EXPECT_TRUE(RawTls(port_, TLS1_2_VERSION).done());
  EXPECT_TRUE(RawTls(port_, TLS1_3_VERSION).done());
}

TEST_F(TlsListener_Test, RenewedCertificateIsUsedWithoutARestart) {
  Start();
  const std::string before = Shown();
  ASSERT_NE(before, "");
  tls_.Put(tls_.authority.IssueServer());
  EXPECT_TRUE(WaitForOther(before));
  EXPECT_EQ(Call(Channel(tls_.authority.certificate())), grpc::StatusCode::OK);
}

// gRPC's watcher took a key that did not fit, and no handshake succeeded until it found another.
TEST_F(TlsListener_Test, BadFilesLeaveTheOldOnesInUse) {
  Start();
  const std::string first = Shown();
  WritePrivateFile(tls_.files.key, tls_.authority.IssueServer().key);
  credentials_->Refresh();
  EXPECT_TRUE(credentials_->Refresh().at(0).bad);
  EXPECT_EQ(Shown(), first);
  WritePrivateFile(tls_.files.certificate, "junk");
  credentials_->Refresh();
  EXPECT_TRUE(credentials_->Refresh().at(0).bad);
  EXPECT_EQ(Call(Channel(tls_.authority.certificate())), grpc::StatusCode::OK);
  tls_.Put(tls_.authority.IssueServer());
  EXPECT_TRUE(WaitForOther(first));
}

TEST_F(TlsListener_Test, RenewedAuthorityDecidesWhoComesIn) {
  Start();
  const TestAuthority next;
  const IssuedCertificate alice = next.IssueClient("alice");
  EXPECT_EQ(Call(Channel(tls_.authority.certificate(), alice)), grpc::StatusCode::UNAVAILABLE);
  WritePrivateFile(tls_.files.client_ca, next.certificate());
  credentials_->Refresh();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (Call(Channel(tls_.authority.certificate(), alice)) != grpc::StatusCode::OK) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
  }
}

TEST_F(TlsListener_Test, ConnectionIsInTheTableAsWhatItIs) {
  Start();
  const auto channel = Channel(tls_.authority.certificate());
  ASSERT_EQ(Call(channel), grpc::StatusCode::OK);
  EXPECT_EQ(connections_.Count(), 1u);
  connections_.ShutDownAll();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (connections_.Count() != 0) ASSERT_LT(std::chrono::steady_clock::now(), deadline);
}

TEST_F(TlsListener_Test, PortInUseIsAnError) {
  Start();
  EXPECT_EQ(ErrorReason(Listen({Address()}, {}, parts_).status()), "LISTEN_FAILED");
}

}  // namespace
}  // namespace sumscope

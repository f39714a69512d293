// TLS as a way to a server, against a gRPC server of this process.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/connection/connection.h"
#include "proto/contract/errors/errors.h"
#include "sumscope/v1/users.grpc.pb.h"
#include "tests/client/fake_server.h"
#include "tests/support/certificates.h"
#include "tests/support/temp_directory.h"

namespace sumscope::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Answers GetCaller with what came as authorization.
class Echo : public v1::UserService::Service {
 public:
  grpc::Status GetCaller(grpc::ServerContext* context, const v1::GetCallerRequest*, v1::Caller* caller) override {
    for (const auto& [key, value] : context->client_metadata()) {
      if (key == "authorization") caller->set_credential(std::string(value.data(), value.size()));
    }
    for (const auto& name : context->auth_context()->FindPropertyValues("x509_common_name")) {
      caller->set_user(std::string(name.data(), name.size()));
    }
    return grpc::Status::OK;
  }
};

class TlsWay_Test : public ::testing::Test {
 protected:
  ~TlsWay_Test() override {
    connection_.reset();
    if (server_ != nullptr) server_->Shutdown(std::chrono::system_clock::now());
  }

  void Serve(const std::shared_ptr<grpc::ServerCredentials>& credentials) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", credentials, &port_);
    builder.RegisterService(&echo_);
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr);
  }
  void Serve(const IssuedCertificate& own, bool asks = false) {
    grpc::SslServerCredentialsOptions options(asks ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                                                   : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
    options.pem_root_certs = authority_.certificate();
    options.pem_key_cert_pairs = {{own.key, own.certificate}};
    Serve(grpc::SslServerCredentials(options));
  }

  // A private file.
  std::string Write(const std::string& name, const std::string& text) {
    WritePrivateFile(directory_.path() + "/" + name, text);
    return directory_.path() + "/" + name;
  }
  void ShowCertificate(const IssuedCertificate& own) {
    options_.credentials.certificate = Write("own.pem", own.certificate);
    options_.credentials.key = Write("own.key", own.key);
  }

  absl::StatusOr<v1::Caller> Ask(const std::string& host = "localhost") {
    options_.address = absl::StrCat(host, ":", port_);
    if (options_.credentials.ca.empty()) options_.credentials.ca = Write("ca.pem", authority_.certificate());
    connection_ = std::make_unique<Connection>(options_, &sleeper_, &cancellation_);
    return connection_->Call(v1::GetCallerRequest());
  }
  void ExpectFails(const std::string& words, const std::string& host = "localhost") {
    const absl::Status status = Ask(host).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
    EXPECT_EQ(ErrorReason(status), "TLS_FAILED") << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(words));
  }
  void ExpectRefused(const std::string& reason) {
    const absl::Status status = Ask().status();
    EXPECT_EQ(ErrorReason(status), reason) << status;
    EXPECT_NE(status.code(), absl::StatusCode::kUnavailable);
  }

  const TempDirectory directory_;
  const TestAuthority authority_;
  Echo echo_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  FakeSleeper sleeper_;
  Cancellation cancellation_;
  ConnectionOptions options_;
  std::unique_ptr<Connection> connection_;
};

TEST_F(TlsWay_Test, WhenTheServersCertificateIsGoodThenATokenGoesWithEachCall) {
  Serve(authority_.IssueServer());
  EXPECT_EQ(Ask()->credential(), "");
  options_.credentials.token_file = Write("token", "sst_1_secret\n");
  EXPECT_EQ(Ask()->credential(), "Bearer sst_1_secret");
  EXPECT_EQ(Ask("127.0.0.1")->credential(), "Bearer sst_1_secret");
}

TEST_F(TlsWay_Test, WhenTheServersCertificateIsNotGoodThenItIsSaidWhy) {
  Serve(authority_.IssueServer());
  options_.credentials.ca = Write("other.pem", TestAuthority("another").certificate());
  ExpectFails("signed by nobody whom this client trusts");
}

TEST_F(TlsWay_Test, WhenTheServersCertificateHasExpiredThenItIsSaid) {
  Serve(authority_.IssueExpiredServer());
  ExpectFails("expired");
}

TEST_F(TlsWay_Test, WhenTheServersCertificateIsOfAnotherHostThenItIsSaid) {
  Serve(authority_.IssueServer({"DNS:other.example.org"}));
  ExpectFails("not of localhost");
  ExpectFails("not of 127.0.0.1", "127.0.0.1");
}

TEST_F(TlsWay_Test, WhenTheServerWantsACertificateThenItIsSaidAndOneIsShown) {
  Serve(authority_.IssueServer(), /*asks=*/true);
  ExpectFails("wants a client certificate");
  ShowCertificate(TestAuthority("another").IssueClient("mallory"));
  ExpectFails("refuses the client certificate");
  ShowCertificate(authority_.IssueExpiredClient("alice"));
  ExpectFails("refuses the client certificate");
  ShowCertificate(authority_.IssueClient("alice"));
  EXPECT_EQ(Ask()->user(), "alice");
}

TEST_F(TlsWay_Test, WhenWhatListensSpeaksNoTlsThenItIsSaidAndNoTokenIsSent) {
  Serve(grpc::InsecureServerCredentials());
  options_.credentials.token = "secret";
  ExpectFails("no TLS");
}

TEST_F(TlsWay_Test, WhenNothingListensThenTheServerIsUnreachable) {
  Serve(authority_.IssueServer());
  server_->Shutdown();
  server_ = nullptr;
  EXPECT_EQ(ErrorReason(Ask().status()), "SERVER_UNREACHABLE");
}

TEST_F(TlsWay_Test, WhenAFileCannotBeUsedThenNothingIsSent) {
  Serve(authority_.IssueServer());
  ShowCertificate(authority_.IssueClient("alice"));
  options_.credentials.key = Write("other.key", authority_.IssueClient("bob").key);
  ExpectRefused("KEY_FILE_INVALID");
  options_.credentials.key = Write("no.key", "no key");
  ExpectRefused("KEY_FILE_INVALID");
  chmod(Write("own.key", authority_.IssueClient("alice").key).c_str(), 0640);
  options_.credentials.key = directory_.path() + "/own.key";
  ExpectRefused("KEY_FILE_OPEN_TO_OTHERS");
  options_.credentials.key.clear();
  ExpectRefused("CERTIFICATE_FILE_INVALID");
  options_.credentials.certificate.clear();
  options_.credentials.ca = Write("no.pem", "no certificate");
  ExpectRefused("CA_FILE_INVALID");
  options_.credentials.ca = directory_.path();
  ExpectRefused("CA_FILE_INVALID");
}

TEST_F(TlsWay_Test, WhenATokenIsReplacedThenTheNextConnectionHasTheNewOne) {
  Serve(authority_.IssueServer());
  options_.credentials.token_file = Write("token", "first");
  EXPECT_EQ(Ask()->credential(), "Bearer first");
  Write("token", "second");
  EXPECT_EQ(connection_->Call(v1::GetCallerRequest())->credential(), "Bearer first") << "the connection stands";
  EXPECT_EQ(Ask()->credential(), "Bearer second");
}

}  // namespace
}  // namespace sumscope::client

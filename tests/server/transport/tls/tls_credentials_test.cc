#include "server/transport/tls/tls_credentials.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "proto/contract/errors/errors.h"
#include "tests/server/transport/tls/tls_fixture.h"

namespace sumscope::transport {
namespace {

class TlsCredentials_Test : public testing::Test {
 protected:
  void SetUp() override {
    auto made = TlsCredentials::Create({tls_.files, ClientCertificates::kOptional}, Clock::Real());
    ASSERT_TRUE(made.ok()) << made.status();
    credentials_ = *std::move(made);
  }
  // What three looks say.
  std::string Said() {
    std::string said;
    for (int i = 0; i < 3; ++i) {
      for (const TlsCredentials::Note& note : credentials_->Refresh()) said += note.bad ? "bad " : "good ";
    }
    return said;
  }

  TlsFolder tls_;
  std::unique_ptr<TlsCredentials> credentials_;
};

TEST_F(TlsCredentials_Test, GivenBadFilesAtTheStartThenNone) {
  WritePrivateFile(tls_.files.key, "junk");
  EXPECT_EQ(ErrorReason(TlsCredentials::Create({tls_.files}, Clock::Real()).status()), "CONFIG_INVALID");
}

TEST_F(TlsCredentials_Test, RenewedFilesAreToldOnceAndTheSameOnesNotAtAll) {
  EXPECT_EQ(Said(), "");
  tls_.Put(tls_.authority.IssueServer());
  EXPECT_EQ(Said(), "good ");
  WritePrivateFile(tls_.files.client_ca, tls_.authority.certificate());  // another file of the same bytes
  EXPECT_EQ(Said(), "");
}

TEST_F(TlsCredentials_Test, BadFilesAreToldOnceAndTheirRepairToo) {
  WritePrivateFile(tls_.files.key, "junk");
  EXPECT_EQ(Said(), "bad ");
  std::filesystem::remove(tls_.files.key);
  EXPECT_EQ(Said(), "bad ") << "another trouble";
  tls_.Put(tls_.authority.IssueServer());
  EXPECT_EQ(Said(), "good ");
}

TEST_F(TlsCredentials_Test, FilesThatAreRenewedOneAfterTheOtherAreNoTrouble) {
  const IssuedCertificate next = tls_.authority.IssueServer();
  WritePrivateFile(tls_.files.key, next.key);
  EXPECT_TRUE(credentials_->Refresh().empty());
  WritePrivateFile(tls_.files.certificate, next.certificate);
  EXPECT_EQ(Said(), "good ");
}

TEST_F(TlsCredentials_Test, RenewedCertificateThatHasExpiredIsUsedWithAWarning) {
  tls_.Put(tls_.authority.IssueExpiredServer());
  EXPECT_EQ(Said(), "good bad ");
}

}  // namespace
}  // namespace sumscope::transport

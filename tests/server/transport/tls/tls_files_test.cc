#include "server/transport/tls/tls_files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "proto/contract/errors/errors.h"
#include "tests/server/transport/tls/tls_fixture.h"

namespace sumscope::transport {
namespace {

class TlsFiles_Test : public testing::Test {
 protected:
  absl::Status Read() { return ReadTlsFiles(tls_.files, absl::Now()).status(); }
  // That the files are refused, and the text names this one.
  void ExpectRefused(const std::string& path, const std::string& what) {
    const absl::Status status = Read();
    EXPECT_EQ(ErrorReason(status), "CONFIG_INVALID") << what;
    EXPECT_NE(status.message().find(path), absl::string_view::npos) << what << ": " << status;
  }
  size_t Warnings() {
    const auto material = ReadTlsFiles(tls_.files, absl::Now());
    EXPECT_TRUE(material.ok()) << material.status();
    return material.ok() ? material->warnings.size() : 0;
  }

  TlsFolder tls_;
};

TEST_F(TlsFiles_Test, GoodFilesAreTakenWithoutAWord) {
  EXPECT_EQ(Warnings(), 0u);
  std::filesystem::remove(tls_.files.client_ca);
  EXPECT_TRUE(ReadTlsFiles({tls_.files.certificate, tls_.files.key, ""}, absl::Now()).ok());
}

TEST_F(TlsFiles_Test, FilesThatOthersMayReadOrWriteAreRefused) {
  for (const mode_t mode : {0640, 0604, 0620, 0602}) {
    chmod(tls_.files.key.c_str(), mode);
    ExpectRefused(tls_.files.key, "key");
  }
  chmod(tls_.files.key.c_str(), 0400);
  EXPECT_TRUE(Read().ok());
  for (const std::string& path : {tls_.files.certificate, tls_.files.client_ca}) {
    chmod(path.c_str(), 0644);
    EXPECT_TRUE(Read().ok());
    chmod(path.c_str(), 0664);
    ExpectRefused(path, "written by others");
    chmod(path.c_str(), 0644);
  }
}

TEST_F(TlsFiles_Test, WhatIsNoCertificateOrKeyIsRefused) {
  const std::string certificate = tls_.authority.IssueServer().certificate;
  for (const std::string& text : {std::string(), std::string("junk"), certificate.substr(0, certificate.size() / 2),
                                  certificate + "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"}) {
    WritePrivateFile(tls_.files.client_ca, text);
    ExpectRefused(tls_.files.client_ca, text);
  }
  WritePrivateFile(tls_.files.client_ca, certificate);
  WritePrivateFile(tls_.files.key, "junk");
  ExpectRefused(tls_.files.key, "junk");
  std::filesystem::remove(tls_.files.key);
  ExpectRefused(tls_.files.key, "missing");
  ASSERT_EQ(mkfifo(tls_.files.key.c_str(), 0600), 0);  // which nobody writes into
  ExpectRefused(tls_.files.key, "pipe");
  std::filesystem::remove(tls_.files.key);
  std::filesystem::create_directory(tls_.files.key);
  ExpectRefused(tls_.files.key, "folder");
}

TEST_F(TlsFiles_Test, KeyOfAnotherCertificateIsRefused) {
  WritePrivateFile(tls_.files.key, tls_.authority.IssueServer().key);
  ExpectRefused(tls_.files.key, "mismatch");
}

TEST_F(TlsFiles_Test, KeyWithAPassphraseIsRefusedAndAsksNobody) {
  WritePrivateFile(tls_.files.key,
                   "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
                   "MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhVzCdrkQvbpAICCAAw\n"
                   "-----END ENCRYPTED PRIVATE KEY-----\n");
  ExpectRefused(tls_.files.key, "passphrase");
}

TEST_F(TlsFiles_Test, CertificateOutOfItsTimeIsAWarning) {
  tls_.Put(tls_.authority.IssueExpiredServer());
  EXPECT_EQ(Warnings(), 1u);
  TestAuthority::Subject later;
  later.is_server = true;
  later.names = {"DNS:localhost"};
  later.not_before = absl::Now() + absl::Hours(1);
  later.not_after = absl::Now() + absl::Hours(2);
  tls_.Put(tls_.authority.Issue(later));
  EXPECT_EQ(Warnings(), 1u);
}

TEST_F(TlsFiles_Test, CertificateWithoutANameIsRefusedAndOneWithACommonNameAloneIsAWarning) {
  TestAuthority::Subject subject;
  subject.is_server = true;
  tls_.Put(tls_.authority.Issue(subject));
  ExpectRefused(tls_.files.certificate, "no name");
  subject.common_name = "localhost";
  tls_.Put(tls_.authority.Issue(subject));
  EXPECT_EQ(Warnings(), 1u);
}

TEST_F(TlsFiles_Test, CertificateForClientsIsAWarning) {
  tls_.Put(tls_.authority.IssueClient("localhost", {"DNS:localhost"}));
  EXPECT_EQ(Warnings(), 1u);
}

}  // namespace
}  // namespace sumscope::transport

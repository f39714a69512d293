#include "tests/support/certificates.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_join.h"

namespace sumscope {
namespace {

void Require(bool ok, const char* what) {
  if (ok) return;
  std::fprintf(stderr, "tests/support/certificates: %s failed\n", what);
  std::abort();
}

struct Closing {
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(BIO* memory) const { BIO_free_all(memory); }
};
using Certificate = std::unique_ptr<X509, Closing>;
// Not with Closing: TestAuthority holds one, and is known outside this file.
using PrivateKey = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

PrivateKey NewKey() {
  PrivateKey key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  Require(key != nullptr, "EVP_EC_gen");
  return key;
}

template <typename Write>
std::string Pem(const Write& write) {
  const std::unique_ptr<BIO, Closing> memory(BIO_new(BIO_s_mem()));
  Require(write(memory.get()) == 1, "PEM_write");
  char* text = nullptr;
  const auto size = static_cast<size_t>(BIO_get_mem_data(memory.get(), &text));
  return std::string(text, size);
}

std::string PemOf(X509* certificate) {
  return Pem([certificate](BIO* memory) { return PEM_write_bio_X509(memory, certificate); });
}

std::string PemOf(EVP_PKEY* key) {
  return Pem(
      [key](BIO* memory) { return PEM_write_bio_PrivateKey(memory, key, nullptr, nullptr, 0, nullptr, nullptr); });
}

void SetName(X509_NAME* name, const std::string& common_name) {
  if (common_name.empty()) return;
  Require(
      X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(common_name.data()),
                                 static_cast<int>(common_name.size()), -1, 0) == 1,
      "X509_NAME_add_entry_by_txt");
}

void Extend(X509* certificate, int kind, const std::string& value) {
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str());
  Require(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1, value.c_str());
  X509_EXTENSION_free(extension);
}

Certificate Unsigned(const std::string& subject, const std::string& issuer, EVP_PKEY* key, absl::Time not_before,
                     absl::Time not_after) {
  Certificate certificate(X509_new());
  Require(X509_set_version(certificate.get(), X509_VERSION_3) == 1, "X509_set_version");
  uint32_t serial = 0;
  Require(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof(serial)) == 1, "RAND_bytes");
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), serial + 1ULL);
  ASN1_TIME_set(X509_getm_notBefore(certificate.get()), absl::ToTimeT(not_before));
  ASN1_TIME_set(X509_getm_notAfter(certificate.get()), absl::ToTimeT(not_after));
  SetName(X509_get_subject_name(certificate.get()), subject);
  SetName(X509_get_issuer_name(certificate.get()), issuer);
  Require(X509_set_pubkey(certificate.get(), key) == 1, "X509_set_pubkey");
  return certificate;
}

}  // namespace

struct TestAuthority::Key {
  PrivateKey key = NewKey();
};

TestAuthority::TestAuthority(const std::string& common_name)
    : key_(std::make_unique<Key>()), common_name_(common_name) {
  const Certificate own = Unsigned(common_name, common_name, key_->key.get(), absl::Now() - absl::Hours(24 * 30),
                                   absl::Now() + absl::Hours(24 * 30));
  Extend(own.get(), NID_basic_constraints, "critical,CA:TRUE");
  Extend(own.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  Require(X509_sign(own.get(), key_->key.get(), EVP_sha256()) > 0, "X509_sign");
  certificate_ = PemOf(own.get());
}

TestAuthority::~TestAuthority() = default;

IssuedCertificate TestAuthority::Issue(const Subject& subject) const {
  const PrivateKey key = NewKey();
  const Certificate made =
      Unsigned(subject.common_name, common_name_, key.get(), subject.not_before, subject.not_after);
  Extend(made.get(), NID_ext_key_usage, subject.is_server ? "serverAuth" : "clientAuth");
  if (!subject.names.empty()) Extend(made.get(), NID_subject_alt_name, absl::StrJoin(subject.names, ","));
  Require(X509_sign(made.get(), key_->key.get(), EVP_sha256()) > 0, "X509_sign");
  return {PemOf(made.get()), PemOf(key.get())};
}

IssuedCertificate TestAuthority::IssueServer(std::vector<std::string> names) const {
  Subject subject;
  subject.common_name = "server of a test";
  subject.names = std::move(names);
  subject.is_server = true;
  return Issue(subject);
}

IssuedCertificate TestAuthority::IssueClient(const std::string& common_name, std::vector<std::string> names) const {
  Subject subject;
  subject.common_name = common_name;
  subject.names = std::move(names);
  return Issue(subject);
}

IssuedCertificate TestAuthority::IssueExpiredServer() const {
  Subject subject;
  subject.common_name = "server of a test";
  subject.names = {"DNS:localhost", "IP:127.0.0.1"};
  subject.is_server = true;
  subject.not_before = absl::Now() - absl::Hours(48);
  subject.not_after = absl::Now() - absl::Hours(24);
  return Issue(subject);
}

IssuedCertificate TestAuthority::IssueExpiredClient(const std::string& common_name) const {
  Subject subject;
  subject.common_name = common_name;
  subject.not_before = absl::Now() - absl::Hours(48);
  subject.not_after = absl::Now() - absl::Hours(24);
  return Issue(subject);
}

void WritePrivateFile(const std::string& path, const std::string& text) {
  const std::string beside = path + ".new";
  const int descriptor = open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  Require(descriptor >= 0 && write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
              close(descriptor) == 0 && rename(beside.c_str(), path.c_str()) == 0,
          path.c_str());
}

}  // namespace sumscope

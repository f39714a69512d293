#include "server/transport/tls/tls_files.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/process/file_descriptor.h"

namespace sumscope::transport {
namespace {

constexpr size_t kMaxFileBytes = 1 << 20;

template <typename T, void (*Free)(T*)>
struct Freed {
  void operator()(T* owned) const { Free(owned); }
};
using Certificate = std::unique_ptr<X509, Freed<X509, X509_free>>;
using PrivateKey = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY, EVP_PKEY_free>>;
using Memory = std::unique_ptr<BIO, Freed<BIO, BIO_free_all>>;

absl::Status BadFile(const std::string& what, const std::string& path, absl::string_view why) {
  return MakeError(absl::StatusCode::kInvalidArgument, "CONFIG_INVALID", absl::StrCat(what, " ", path, ": ", why));
}

// OpenSSL leaves its errors on the thread's queue, where gRPC would find them.
class ErrorQueue {
 public:
  ErrorQueue() { ERR_clear_error(); }
  ~ErrorQueue() { ERR_clear_error(); }
};

absl::Status CheckMode(const std::string& what, const std::string& path, const struct stat& file, mode_t forbidden) {
  if (!S_ISREG(file.st_mode)) return BadFile(what, path, "it is no file");
  if (file.st_uid != geteuid() && file.st_uid != 0) {
    return BadFile(what, path, "it belongs to another account than the server's or root");
  }
  if ((file.st_mode & forbidden & 0044) != 0) {
    return BadFile(what, path, "others than its owner may read it; make it private with chmod 600");
  }
  if ((file.st_mode & forbidden) != 0) {
    return BadFile(what, path, "others than its owner may change it; forbid that with chmod go-w");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadFile(const std::string& what, const std::string& path, mode_t forbidden) {
  // A pipe without a writer would hold a plain open for ever.
  const FileDescriptor descriptor(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat file = {};
  if (!descriptor.valid() || fstat(descriptor.get(), &file) != 0) return BadFile(what, path, std::strerror(errno));
  SUMSCOPE_RETURN_IF_ERROR(CheckMode(what, path, file, forbidden));
  std::string text(kMaxFileBytes + 1, '\0');
  size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = read(descriptor.get(), &text[size], text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return BadFile(what, path, std::strerror(errno));
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  if (size > kMaxFileBytes) return BadFile(what, path, "it is too long for PEM");
  text.resize(size);
  return text;
}

Memory Reading(const std::string& text) { return Memory(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

absl::StatusOr<std::vector<Certificate>> ParseCertificates(const std::string& what, const std::string& path,
                                                           const std::string& text) {
  std::vector<Certificate> found;
  const Memory memory = Reading(text);
  while (true) {
    Certificate next(PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr));
    if (next == nullptr) break;
    found.push_back(std::move(next));
  }
  // The text's end reads as "no start line"; anything else is damage.
  const unsigned long error = ERR_peek_last_error();  // NOLINT(runtime/int): OpenSSL's type
  if (found.empty() || ERR_GET_REASON(error) != PEM_R_NO_START_LINE) {
    return BadFile(what, path, "it holds no certificate in PEM, or a damaged one");
  }
  return found;
}

PrivateKey ParseKey(const std::string& text) {
  const auto no_passphrase = [](char*, int, int, void*) { return -1; };
  return PrivateKey(PEM_read_bio_PrivateKey(Reading(text).get(), nullptr, no_passphrase, nullptr));
}

// What clients will not like of its time; "" for nothing.
std::string TimeTrouble(const X509* certificate, absl::Time now) {
  time_t at = absl::ToTimeT(now);
  if (X509_cmp_time(X509_get0_notAfter(certificate), &at) < 0) return "has expired";
  if (X509_cmp_time(X509_get0_notBefore(certificate), &at) > 0) return "is not valid yet";
  return "";
}

bool HasHostName(X509* certificate) {
  using Names = std::unique_ptr<GENERAL_NAMES, Freed<GENERAL_NAMES, GENERAL_NAMES_free>>;
  const Names names(static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const int type = sk_GENERAL_NAME_value(names.get(), i)->type;
    if (type == GEN_DNS || type == GEN_IPADD) return true;
  }
  return false;
}

bool HasCommonName(const X509* certificate) {
  return X509_NAME_get_index_by_NID(X509_get_subject_name(certificate), NID_commonName, -1) >= 0;
}

absl::Status CheckServer(const TlsFiles& files, X509* certificate, absl::Time now, TlsMaterial* material) {
  const auto warn = [&](const char* why) {
    material->warnings.push_back(absl::StrCat("the certificate in ", files.certificate, " ", why));
  };
  const PrivateKey key = ParseKey(material->key);
  if (key == nullptr) {
    return BadFile("tls_key", files.key, "it holds no private key in PEM, a damaged one, or one with a passphrase");
  }
  if (X509_check_private_key(certificate, key.get()) != 1) {
    return BadFile("tls_key", files.key, absl::StrCat("it is not the key of the certificate in ", files.certificate));
  }
  if (const std::string trouble = TimeTrouble(certificate, now); !trouble.empty()) {
    warn(absl::StrCat(trouble, ": clients will refuse it").c_str());
  }
  if (!HasHostName(certificate)) {
    if (!HasCommonName(certificate)) {
      return BadFile("tls_certificate", files.certificate, "its certificate names no host, so that no client takes it");
    }
    warn("names its host as common name alone; many clients ask for a subject alternative name");
  }
  if (X509_check_purpose(certificate, X509_PURPOSE_SSL_SERVER, 0) != 1) {
    warn("is not for TLS servers: clients will refuse it");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<TlsMaterial> ReadTlsFiles(const TlsFiles& files, absl::Time now) {
  const ErrorQueue queue;
  TlsMaterial material;
  SUMSCOPE_ASSIGN_OR_RETURN(material.key, ReadFile("tls_key", files.key, 0077));
  SUMSCOPE_ASSIGN_OR_RETURN(material.certificate, ReadFile("tls_certificate", files.certificate, 0022));
  SUMSCOPE_ASSIGN_OR_RETURN(const std::vector<Certificate> chain,
                            ParseCertificates("tls_certificate", files.certificate, material.certificate));
  SUMSCOPE_RETURN_IF_ERROR(CheckServer(files, chain[0].get(), now, &material));
  if (files.client_ca.empty()) return material;
  SUMSCOPE_ASSIGN_OR_RETURN(material.client_ca, ReadFile("tls_client_ca", files.client_ca, 0022));
  SUMSCOPE_ASSIGN_OR_RETURN(const std::vector<Certificate> authorities,
                            ParseCertificates("tls_client_ca", files.client_ca, material.client_ca));
  for (const Certificate& authority : authorities) {
    const std::string trouble = TimeTrouble(authority.get(), now);
    if (trouble.empty()) continue;
    material.warnings.push_back(absl::StrCat("a certificate in ", files.client_ca, " ", trouble,
                                             ": certificates of its clients will be refused"));
  }
  return material;
}

}  // namespace sumscope::transport

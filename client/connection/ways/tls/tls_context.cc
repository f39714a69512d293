#include "client/connection/ways/tls/tls_context.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <string>

namespace sumscope::client {
namespace {

using Certificate = std::unique_ptr<X509, FreedBy<X509_free>>;
using PrivateKey = std::unique_ptr<EVP_PKEY, FreedBy<EVP_PKEY_free>>;
using Memory = std::unique_ptr<BIO, FreedBy<BIO_free>>;

Memory ReaderOf(const std::string& pem) { return Memory(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))); }

// No file asks for a passphrase at the terminal: gRPC could not take one.
int NoPassphrase(char*, int, int, void*) { return -1; }

Certificate NextCertificate(BIO* reader) {
  return Certificate(PEM_read_bio_X509(reader, nullptr, &NoPassphrase, nullptr));
}

bool Trust(const std::string& pem, SSL_CTX* context) {
  if (pem.empty()) return SSL_CTX_set_default_verify_paths(context) == 1;
  const Memory reader = ReaderOf(pem);
  int count = 0;
  while (const Certificate certificate = NextCertificate(reader.get())) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), certificate.get());
    ++count;
  }
  return count > 0;
}

bool Show(const std::string& pem, SSL_CTX* context) {
  const Memory reader = ReaderOf(pem);
  const Certificate own = NextCertificate(reader.get());
  if (own == nullptr || SSL_CTX_use_certificate(context, own.get()) != 1) return false;
  while (const Certificate signer = NextCertificate(reader.get())) SSL_CTX_add1_chain_cert(context, signer.get());
  return true;
}

TlsFault Fill(const TlsFiles& files, SSL_CTX* context) {
  if (!Trust(files.ca, context)) return TlsFault::kCa;
  if (files.certificate.empty()) return TlsFault::kNone;
  if (!Show(files.certificate, context)) return TlsFault::kCertificate;
  const Memory reader = ReaderOf(files.key);
  const PrivateKey key(PEM_read_bio_PrivateKey(reader.get(), nullptr, &NoPassphrase, nullptr));
  if (key == nullptr) return TlsFault::kKey;
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1) {
    return TlsFault::kPair;
  }
  return TlsFault::kNone;
}

}  // namespace

TlsContext MakeTlsContext(const TlsFiles& files, TlsFault* fault) {
  TlsContext context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  *fault = Fill(files, context.get());
  ERR_clear_error();
  return context;
}

}  // namespace sumscope::client

#ifndef SUMSCOPE_CLIENT_CONNECTION_WAYS_TLS_TLS_CONTEXT_H_
#define SUMSCOPE_CLIENT_CONNECTION_WAYS_TLS_TLS_CONTEXT_H_

#include <openssl/ssl.h>

#include <memory>

#include "absl/strings/string_view.h"
#include "client/connection/ways/tls/tls_files.h"

namespace sumscope::client {

template <auto Free>
struct FreedBy {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using TlsContext = std::unique_ptr<SSL_CTX, FreedBy<SSL_CTX_free>>;

// What of TlsFiles cannot be used.
enum class TlsFault { kNone, kCa, kCertificate, kKey, kPair };

// A context of OpenSSL that trusts and shows what `files` hold; the first fault in `*fault`. gRPC makes its own from
// the same texts, and says of a fault only that there is one.
TlsContext MakeTlsContext(const TlsFiles& files, TlsFault* fault);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CONNECTION_WAYS_TLS_TLS_CONTEXT_H_

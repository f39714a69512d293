#ifndef SUMSCOPE_SERVER_TRANSPORT_TLS_TLS_FILES_H_
#define SUMSCOPE_SERVER_TRANSPORT_TLS_TLS_FILES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace sumscope::transport {

// Paths of PEM files.
struct TlsFiles {
  std::string certificate;  // the server's, and after it those between it and its authority
  std::string key;          // of the first certificate, without a passphrase
  std::string client_ca;    // of the authorities of clients' certificates; "" for none
};

// What lies in them.
struct TlsMaterial {
  std::string certificate, key, client_ca;
  std::vector<std::string> warnings;  // what clients will not like, naming the file
};

// Reads and checks the files: each is a regular file of PEM that only its owner may write, the owner this account or
// root, the key one that nobody else may read; the key is the certificate's, which has a name. A certificate that is
// out of its time at `now`, that names no host as clients ask, or that is not for servers is a warning.
// INVALID_ARGUMENT CONFIG_INVALID naming the file.
absl::StatusOr<TlsMaterial> ReadTlsFiles(const TlsFiles& files, absl::Time now);

}  // namespace sumscope::transport

#endif  // SUMSCOPE_SERVER_TRANSPORT_TLS_TLS_FILES_H_

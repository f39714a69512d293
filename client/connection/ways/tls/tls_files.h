#ifndef SUMSCOPE_CLIENT_CONNECTION_WAYS_TLS_TLS_FILES_H_
#define SUMSCOPE_CLIENT_CONNECTION_WAYS_TLS_TLS_FILES_H_

#include <string>

#include "absl/status/statusor.h"
#include "client/connection/ways/connection_options.h"

namespace sumscope::client {

// What the files of ServerCredentials hold, "" where there is none.
struct TlsFiles {
  std::string ca, certificate, key;  // PEM
  std::string token;
};

// Reads them, the private ones as ReadPrivateFile says. INVALID_ARGUMENT CA_FILE_INVALID. UNAUTHENTICATED
// CERTIFICATE_FILE_INVALID; KEY_FILE_INVALID, also for a key that is another certificate's; KEY_FILE_OPEN_TO_OTHERS,
// TOKEN_FILE_INVALID, TOKEN_FILE_OPEN_TO_OTHERS.
absl::StatusOr<TlsFiles> ReadTlsFiles(const ServerCredentials& credentials);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CONNECTION_WAYS_TLS_TLS_FILES_H_

#ifndef SUMSCOPE_TESTS_SERVER_TRANSPORT_TLS_TLS_FIXTURE_H_
#define SUMSCOPE_TESTS_SERVER_TRANSPORT_TLS_TLS_FIXTURE_H_

#include <string>

#include "server/transport/tls/tls_files.h"
#include "tests/support/certificates.h"
#include "tests/support/temp_directory.h"

namespace sumscope {

// A folder with a server's TLS files, good ones at first.
class TlsFolder {
 public:
  TlsFolder() {
    Put(authority.IssueServer());
    WritePrivateFile(files.client_ca, authority.certificate());
  }
  void Put(const IssuedCertificate& issued) {
    WritePrivateFile(files.key, issued.key);
    WritePrivateFile(files.certificate, issued.certificate);
  }

  const TempDirectory folder;
  const TestAuthority authority;
  const transport::TlsFiles files{folder.path() + "/server.pem", folder.path() + "/server.key",
                                  folder.path() + "/ca.pem"};
};

}  // namespace sumscope

#endif  // SUMSCOPE_TESTS_SERVER_TRANSPORT_TLS_TLS_FIXTURE_H_

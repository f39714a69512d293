#include "server/auth/certificate_end.h"

#include <gtest/gtest.h>

#include <string>

namespace sumscope::auth {
namespace {

// openssl req -x509 -newkey ec -subj /CN=ada -days 3650; x509 -noout -enddate: Nov 27 15:38:32 2036 GMT
constexpr char kPem[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBcTCCARegAwIBAgIUX8IHMvY9T+RcGNdpUfKGdnrY9M4wCgYIKoZIzj0EAwIw\n"
    "DjEMMAoGA1UEAwwDYWRhMB4XDTI2MTEzMDE1MzgzMloXDTM2MTEyNzE1MzgzMlow\n"
    "DjEMMAoGA1UEAwwDYWRhMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEZSHegcfD\n"
    "6cRX+9VYRqHrVFRbQnSTie4Z+dFRBi0E8A7vFHS6wkR1XB4JQa706ZksZ5AkDKo7\n"
    "yFf8wgeFTMVA9qNTMFEwHQYDVR0OBBYEFE2uAfFpX/oAe3hPGVVvILplf3eZMB8G\n"
    "A1UdIwQYMBaAFE2uAfFpX/oAe3hPGVVvILplf3eZMA8GA1UdEwEB/wQFMAMBAf8w\n"
    "CgYIKoZIzj0EAwIDSAAwRQIgQ14j1ifNxgjxKA+HCkhr6Wq/B67XeEAkdHjaalvJ\n"
    "O9ECIQCTKrLsPQvIDc8LV0pIglB67HCIq5DDIMYyqFDyTtLx8g==\n"
    "-----END CERTIFICATE-----\n";

TEST(CertificateEnd_Test, CertificateThenWhenItExpires) {
  EXPECT_EQ(CertificateEnd(kPem), absl::FromUnixSeconds(2111413112));
  EXPECT_EQ(CertificateEnd(kPem + std::string("more")), absl::FromUnixSeconds(2111413112));
}

TEST(CertificateEnd_Test, NoCertificateThenNothing) {
  for (const std::string& text : {std::string(), std::string("no PEM"), std::string(kPem).substr(0, 200)}) {
    EXPECT_EQ(CertificateEnd(text), std::nullopt);
  }
}

}  // namespace
}  // namespace sumscope::auth

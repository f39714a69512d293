#ifndef SUMSCOPE_SERVER_AUTH_CERTIFICATE_END_H_
#define SUMSCOPE_SERVER_AUTH_CERTIFICATE_END_H_

#include <optional>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace sumscope::auth {

// When the first certificate in a PEM text expires; nothing where there is none.
std::optional<absl::Time> CertificateEnd(absl::string_view pem);

}  // namespace sumscope::auth

#endif  // SUMSCOPE_SERVER_AUTH_CERTIFICATE_END_H_

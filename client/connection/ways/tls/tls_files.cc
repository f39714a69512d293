#include "client/connection/ways/tls/tls_files.h"

#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "client/connection/ways/tls/tls_context.h"
#include "client/files/private_file.h"
#include "client/files/readable_file.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"

namespace sumscope::client {
namespace {

absl::Status CaInvalid(const ServerCredentials& credentials, absl::string_view why) {
  return MakeError(absl::StatusCode::kInvalidArgument, "CA_FILE_INVALID",
                   absl::StrCat("the file of CA certificates ", credentials.ca,
                                " (--ca, or ca of a context) cannot be used: ", why));
}

absl::Status OwnInvalid(absl::string_view reason, absl::string_view what, absl::string_view path,
                        absl::string_view why) {
  return MakeError(absl::StatusCode::kInvalidArgument, reason,
                   absl::StrCat("the ", what, " ", path, " cannot be used: ", why));
}

// Of a status of CheckReadable, whose message names the path; the message around it does, too.
absl::string_view WithoutPath(const absl::Status& status, const std::string& path) {
  absl::string_view why = status.message();
  absl::ConsumePrefix(&why, absl::StrCat("cannot read ", path, ": "));
  return why;
}

// A file that is no secret.
absl::StatusOr<std::string> ReadPem(const std::string& path) {
  constexpr std::streamsize kMost = 16 << 20;  // more than every authority of the world
  SUMSCOPE_RETURN_IF_ERROR(CheckReadable(path, Pipes::kRefused));
  std::ifstream file(path, std::ios::binary);
  std::string text(kMost, '\0');
  file.read(text.data(), kMost);
  text.resize(static_cast<size_t>(file.gcount()));
  return text;
}

absl::Status Tell(TlsFault fault, const ServerCredentials& credentials) {
  switch (fault) {
    case TlsFault::kNone:
      return absl::OkStatus();
    case TlsFault::kCa:
      return CaInvalid(credentials, "it holds no certificate in PEM form");
    case TlsFault::kCertificate:
      return OwnInvalid("CERTIFICATE_FILE_INVALID", "certificate", credentials.certificate,
                        "it holds none in PEM form");
    case TlsFault::kKey:
      return OwnInvalid("KEY_FILE_INVALID", "private key", credentials.key,
                        "it holds none in PEM form, or one with a passphrase");
    case TlsFault::kPair:
      return OwnInvalid("KEY_FILE_INVALID", "private key", credentials.key,
                        absl::StrCat("it is not the key of the certificate ", credentials.certificate));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<TlsFiles> ReadTlsFiles(const ServerCredentials& credentials) {
  TlsFiles files;
  if (credentials.key.empty() && !credentials.certificate.empty()) {
    return OwnInvalid("CERTIFICATE_FILE_INVALID", "certificate", credentials.certificate,
                      "its key goes with it: give --key, too");
  }
  if (credentials.certificate.empty() && !credentials.key.empty()) {
    return OwnInvalid("KEY_FILE_INVALID", "private key", credentials.key,
                      "its certificate goes with it: give --certificate, too");
  }
  if (!credentials.ca.empty()) {
    const absl::StatusOr<std::string> ca = ReadPem(credentials.ca);
    if (!ca.ok()) return CaInvalid(credentials, WithoutPath(ca.status(), credentials.ca));
    files.ca = *ca;
    if (files.ca.empty()) return CaInvalid(credentials, "it is empty");
  }
  if (!credentials.certificate.empty()) {
    const absl::StatusOr<std::string> certificate = ReadPem(credentials.certificate);
    if (!certificate.ok()) {
      return OwnInvalid("CERTIFICATE_FILE_INVALID", "certificate", credentials.certificate,
                        WithoutPath(certificate.status(), credentials.certificate));
    }
    files.certificate = *certificate;
    if (files.certificate.empty()) return Tell(TlsFault::kCertificate, credentials);
    SUMSCOPE_ASSIGN_OR_RETURN(files.key, ReadPrivateFile(credentials.key, kKeyFile));
  }
  if (!credentials.token.empty()) {
    files.token = credentials.token;
  } else if (!credentials.token_file.empty()) {
    SUMSCOPE_ASSIGN_OR_RETURN(files.token, ReadToken(credentials.token_file));
  }
  if (credentials.ca.empty() && credentials.certificate.empty()) return files;
  TlsFault fault = TlsFault::kNone;
  MakeTlsContext(files, &fault);
  SUMSCOPE_RETURN_IF_ERROR(Tell(fault, credentials));
  return files;
}

}  // namespace sumscope::client

#include "server/transport/tls/tls_credentials.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "grpcpp/security/tls_certificate_provider.h"
#include "grpcpp/security/tls_credentials_options.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"

namespace sumscope::transport {
namespace {

constexpr unsigned kRefreshSeconds = 1;  // the least that gRPC's watcher takes

std::string PathOf(const FileDescriptor& memory) { return absl::StrCat("/proc/self/fd/", memory.get()); }

absl::Status Exhausted(const char* what) {
  return MakeError(absl::StatusCode::kResourceExhausted, "DESCRIPTORS_EXHAUSTED",
                   absl::StrCat(what, " memory for certificates: ", std::strerror(errno)));
}

// Memory that holds `text`. Its time is the generation: the watcher compares times before and after it reads a file, in
// seconds, and takes neither when one changed between.
absl::StatusOr<FileDescriptor> Filled(const std::string& text, uint64_t generation) {
  FileDescriptor memory(memfd_create("sumscope-tls", MFD_CLOEXEC));
  if (!memory.valid()) return Exhausted("cannot make");
  for (size_t done = 0; done < text.size();) {
    const ssize_t wrote = write(memory.get(), text.data() + done, text.size() - done);
    if (wrote < 0 && errno != EINTR) return Exhausted("cannot fill");
    if (wrote > 0) done += static_cast<size_t>(wrote);
  }
  const timespec time = {static_cast<time_t>(generation), 0};
  const timespec times[2] = {time, time};
  if (futimens(memory.get(), times) != 0) return Exhausted("cannot date");
  return memory;
}

// Puts `text` where `place` is, at once for whoever opens it by its number.
absl::Status Exchange(const std::string& text, uint64_t generation, FileDescriptor* place) {
  SUMSCOPE_ASSIGN_OR_RETURN(FileDescriptor memory, Filled(text, generation));
  if (!place->valid()) {
    *place = std::move(memory);
  } else if (dup3(memory.get(), place->get(), O_CLOEXEC) < 0) {
    return Exhausted("cannot exchange");
  }
  return absl::OkStatus();
}

grpc_ssl_client_certificate_request_type RequestType(ClientCertificates certificates) {
  switch (certificates) {
    case ClientCertificates::kOptional:
      return GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY;
    case ClientCertificates::kRequired:
      return GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY;
    case ClientCertificates::kNone:
      break;
  }
  return GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE;
}

}  // namespace

absl::StatusOr<std::unique_ptr<TlsCredentials>> TlsCredentials::Create(Options options, Clock* clock) {
  auto made = std::unique_ptr<TlsCredentials>(new TlsCredentials(std::move(options), clock));
  made->settled_ = made->Signature();
  SUMSCOPE_ASSIGN_OR_RETURN(TlsMaterial material, ReadTlsFiles(made->options_.files, clock->Now()));
  SUMSCOPE_RETURN_IF_ERROR(made->Use(std::move(material)));

  const bool asks = made->options_.client_certificates != ClientCertificates::kNone;
  auto provider = std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
      PathOf(made->identity_), PathOf(made->identity_), asks ? PathOf(made->roots_) : "", kRefreshSeconds);
  grpc::experimental::TlsServerCredentialsOptions watched(std::move(provider));
  watched.watch_identity_key_cert_pairs();
  if (asks) watched.watch_root_certs();
  watched.set_cert_request_type(RequestType(made->options_.client_certificates));
  made->credentials_ = grpc::experimental::TlsServerCredentials(watched);
  return made;
}

absl::Status TlsCredentials::Use(TlsMaterial material) {
  ++generation_;
  // The key first: OpenSSL looks for it up to the first thing that is none.
  SUMSCOPE_RETURN_IF_ERROR(Exchange(absl::StrCat(material.key, "\n", material.certificate), generation_, &identity_));
  if (!options_.files.client_ca.empty()) {
    SUMSCOPE_RETURN_IF_ERROR(Exchange(material.client_ca, generation_, &roots_));
  }
  warnings_ = material.warnings;
  used_ = std::move(material);
  return absl::OkStatus();
}

std::string TlsCredentials::Signature() const {
  std::string signature;
  for (const std::string* path : {&options_.files.certificate, &options_.files.key, &options_.files.client_ca}) {
    struct stat file = {};
    const int error = path->empty() || stat(path->c_str(), &file) == 0 ? 0 : errno;
    absl::StrAppend(&signature, error, ":", file.st_dev, ":", file.st_ino, ":", file.st_size, ":", file.st_mode, ":",
                    file.st_uid, ":", file.st_mtim.tv_sec, ":", file.st_mtim.tv_nsec, ":", file.st_ctim.tv_sec, ":",
                    file.st_ctim.tv_nsec, " ");
  }
  return signature;
}

std::vector<TlsCredentials::Note> TlsCredentials::Refresh() {
  const std::string signature = Signature();
  if (signature == settled_) return {};
  absl::StatusOr<TlsMaterial> material = ReadTlsFiles(options_.files, clock_->Now());
  absl::Status status = material.status();
  if (material.ok()) {
    settled_ = signature;
    const bool same = material->certificate == used_.certificate && material->key == used_.key &&
                      material->client_ca == used_.client_ca;
    if (same) return {};
    status = Use(*std::move(material));
    if (status.ok()) {
      std::vector<Note> notes = {{false, "certificates were read again"}};
      for (const std::string& warning : warnings_) notes.push_back({true, warning});
      return notes;
    }
  } else if (signature != std::exchange(doubtful_, signature)) {
    return {};  // perhaps on their way: files are renewed one after the other
  }
  settled_ = signature;
  return {{true, absl::StrCat("certificates stay those of before: ", status.message())}};
}

}  // namespace sumscope::transport

#ifndef SUMSCOPE_SERVER_TRANSPORT_TLS_TLS_CREDENTIALS_H_
#define SUMSCOPE_SERVER_TRANSPORT_TLS_TLS_CREDENTIALS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "grpcpp/security/server_credentials.h"
#include "proto/contract/base/clock.h"
#include "proto/contract/process/file_descriptor.h"
#include "server/transport/tls/tls_files.h"

namespace sumscope::transport {

// Whether clients are asked for a certificate of one of the authorities. One that does not hold is refused even where
// none is needed.
enum class ClientCertificates { kNone, kOptional, kRequired };

// The server's side of TLS 1.2 and later, from files that may be renewed while it runs.
//
// Goals: files are used when they are whole and good, all of them or none; of bad ones, half-written ones and those
// that are gone, nothing is used and the old ones stay. gRPC's own watcher of files (1.51) takes what it finds, and no
// handshake succeeds until it finds good files again. So it is given memory of ours, filled with what was checked; key
// and certificate lie in one file of it, which is exchanged whole.
// Non-goals: several certificates, revocation lists.
// Confined to one thread at a time, but for credentials().
class TlsCredentials {
 public:
  struct Options {
    TlsFiles files;
    ClientCertificates client_certificates = ClientCertificates::kNone;  // else files.client_ca is given
  };

  // `clock` outlives it. The errors of ReadTlsFiles; RESOURCE_EXHAUSTED DESCRIPTORS_EXHAUSTED.
  static absl::StatusOr<std::unique_ptr<TlsCredentials>> Create(Options options, Clock* clock);
  TlsCredentials(const TlsCredentials&) = delete;
  TlsCredentials& operator=(const TlsCredentials&) = delete;

  const std::shared_ptr<grpc::ServerCredentials>& credentials() const { return credentials_; }
  // What is not as it should be with the files, for people.
  const std::vector<std::string>& warnings() const { return warnings_; }

  // Looks whether the files changed; handshakes from a second later on use what is good. Returns what is to be logged,
  // each trouble once. To be called every second or so.
  struct Note {
    bool bad = false;
    std::string text;
  };
  std::vector<Note> Refresh();

 private:
  TlsCredentials(Options options, Clock* clock) : options_(std::move(options)), clock_(clock) {}
  absl::Status Use(TlsMaterial material);
  // Of all the files, so that a change is seen.
  std::string Signature() const;

  const Options options_;
  Clock* const clock_;
  uint64_t generation_ = 0;          // of what gRPC was given
  FileDescriptor identity_, roots_;  // memory, at numbers that stay
  TlsMaterial used_;
  std::string settled_, doubtful_;  // signatures: of files that were dealt with; of bad ones, seen once
  std::vector<std::string> warnings_;
  std::shared_ptr<grpc::ServerCredentials> credentials_;
};

}  // namespace sumscope::transport

#endif  // SUMSCOPE_SERVER_TRANSPORT_TLS_TLS_CREDENTIALS_H_

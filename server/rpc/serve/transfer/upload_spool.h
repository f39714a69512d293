#ifndef SUMSCOPE_SERVER_RPC_SERVE_TRANSFER_UPLOAD_SPOOL_H_
#define SUMSCOPE_SERVER_RPC_SERVE_TRANSFER_UPLOAD_SPOOL_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "proto/contract/text/sha256.h"
#include "storage/sqlite/files/env.h"

namespace sumscope::rpc {

// An upload on its way in, in a nameless file that vanishes with the object, whatever happens to the server.
// Thread-compatible; Read may be called from several threads once writing is over.
class UploadSpool {
 public:
  // What the system refuses is storage::SystemError, here and below.
  static absl::StatusOr<std::unique_ptr<UploadSpool>> Create(const std::string& directory, storage::Env* env);
  UploadSpool(const UploadSpool&) = delete;
  UploadSpool& operator=(const UploadSpool&) = delete;

  absl::Status Append(absl::string_view bytes);
  // DATA_LOSS UPLOAD_UNREADABLE past the end.
  absl::StatusOr<std::string> Read(uint64_t offset, uint64_t length) const;
  uint64_t size() const { return size_; }
  // The SHA-256 of everything appended, in hex. Call once.
  std::string Sha256() { return hash_.HexDigest(); }

 private:
  explicit UploadSpool(std::unique_ptr<storage::TemporaryFile> file) : file_(std::move(file)) {}
  const std::unique_ptr<storage::TemporaryFile> file_;
  uint64_t size_ = 0;
  ::sumscope::Sha256 hash_;
};

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_SERVE_TRANSFER_UPLOAD_SPOOL_H_

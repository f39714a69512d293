#ifndef SUMSCOPE_CLIENT_FILES_SECRET_FILE_H_
#define SUMSCOPE_CLIENT_FILES_SECRET_FILE_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "proto/contract/process/file_descriptor.h"

namespace sumscope::client {

// A file for a secret: mode 0600 from its first byte on, whatever the umask, and whole or not at all. One that is there
// is replaced by a new one; symbolic links lead to it. Thread-compatible.
class SecretFile {
 public:
  // Makes room beside `path`, so that only a full disk can fail later. INTERNAL OUTPUT_FAILED, also for what is no
  // file.
  static absl::StatusOr<std::unique_ptr<SecretFile>> Create(const std::string& path);
  // Without Commit no trace is left.
  ~SecretFile();
  SecretFile(const SecretFile&) = delete;
  SecretFile& operator=(const SecretFile&) = delete;

  // Makes `content` the file's. Call once. INTERNAL OUTPUT_FAILED.
  absl::Status Commit(absl::string_view content);

 private:
  SecretFile(std::string path, std::string temporary, FileDescriptor descriptor);

  const std::string path_, temporary_;
  FileDescriptor descriptor_;
};

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_FILES_SECRET_FILE_H_

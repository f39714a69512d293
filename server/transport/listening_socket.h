#ifndef SUMSCOPE_SERVER_TRANSPORT_LISTENING_SOCKET_H_
#define SUMSCOPE_SERVER_TRANSPORT_LISTENING_SOCKET_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/contract/process/file_descriptor.h"

namespace sumscope::transport {

// A socket that listens. A Unix socket's file goes with it, unless another server has put its own in that place.
// Thread-compatible.
class ListeningSocket {
 public:
  // A socket of mode 0600 from its first moment on, whatever the umask. FAILED_PRECONDITION LISTEN_FAILED.
  static absl::StatusOr<ListeningSocket> BindUnix(const std::string& path);
  // On every address that the host has and that is a loopback's: without TLS no other may be listened on, whatever a
  // name resolves to. FAILED_PRECONDITION LISTEN_FAILED, PLAINTEXT_REFUSED.
  static absl::StatusOr<std::vector<ListeningSocket>> BindLoopback(const std::string& host_and_port);

  ListeningSocket(ListeningSocket&&) noexcept = default;
  ListeningSocket& operator=(ListeningSocket&&) = delete;
  ~ListeningSocket();

  int descriptor() const { return descriptor_.get(); }

 private:
  ListeningSocket(FileDescriptor descriptor, std::string path, dev_t device, ino_t inode)
      : descriptor_(std::move(descriptor)), path_(std::move(path)), device_(device), inode_(inode) {}

  FileDescriptor descriptor_;
  std::string path_;  // "" where no file belongs to it
  dev_t device_;
  ino_t inode_;
};

}  // namespace sumscope::transport

#endif  // SUMSCOPE_SERVER_TRANSPORT_LISTENING_SOCKET_H_

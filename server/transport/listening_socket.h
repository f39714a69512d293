#ifndef SUMSCOPE_SERVER_TRANSPORT_LISTENING_SOCKET_H_
#define SUMSCOPE_SERVER_TRANSPORT_LISTENING_SOCKET_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/contract/process/file_descriptor.h"
#include "server/transport/origin.h"

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
  // For TLS, on every address that the host has here. FAILED_PRECONDITION LISTEN_FAILED.
  static absl::StatusOr<std::vector<ListeningSocket>> BindTls(const std::string& host_and_port);

  ListeningSocket(ListeningSocket&&) noexcept = default;
  ListeningSocket& operator=(ListeningSocket&&) = delete;
  ~ListeningSocket();

  int descriptor() const { return descriptor_.get(); }
  // How those come in that connect to it.
  Way way() const { return way_; }

 private:
  ListeningSocket(FileDescriptor descriptor, Way way) : descriptor_(std::move(descriptor)), way_(way) {}
  static absl::StatusOr<std::vector<ListeningSocket>> BindTcp(const std::string& host_and_port, Way way);

  FileDescriptor descriptor_;
  Way way_;
  std::string path_;  // "" where no file belongs to it
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace sumscope::transport

#endif  // SUMSCOPE_SERVER_TRANSPORT_LISTENING_SOCKET_H_

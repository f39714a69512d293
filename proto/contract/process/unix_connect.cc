#include "proto/contract/process/unix_connect.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace sumscope {

int ConnectUnix(const std::string& path, FileDescriptor* connection) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) return ENAMETOOLONG;
  std::memcpy(address.sun_path, path.data(), path.size());
  FileDescriptor descriptor(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!descriptor.valid()) return errno;
  if (connect(descriptor.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) return errno;
  *connection = std::move(descriptor);
  return 0;
}

int TryConnect(const std::string& path) {
  FileDescriptor connection;
  return ConnectUnix(path, &connection);
}

}  // namespace sumscope

#include "proto/contract/process/unix_connect.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

namespace sumscope {
namespace {

// A name that is taken, or not allowed here, is done without.
void BindToAbstract(const std::string& name, int socket) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (name.size() >= sizeof(address.sun_path)) return;
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  const size_t size = offsetof(sockaddr_un, sun_path) + 1 + name.size();
  static_cast<void>(bind(socket, reinterpret_cast<sockaddr*>(&address), static_cast<socklen_t>(size)));
}

}  // namespace

int ConnectUnix(const std::string& path, FileDescriptor* connection, const std::string& own_name) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) return ENAMETOOLONG;
  std::memcpy(address.sun_path, path.data(), path.size());
  FileDescriptor descriptor(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!descriptor.valid()) return errno;
  if (!own_name.empty()) BindToAbstract(own_name, descriptor.get());
  if (connect(descriptor.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) return errno;
  *connection = std::move(descriptor);
  return 0;
}

int TryConnect(const std::string& path) {
  FileDescriptor connection;
  return ConnectUnix(path, &connection);
}

}  // namespace sumscope

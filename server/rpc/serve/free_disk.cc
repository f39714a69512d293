#include "server/rpc/serve/free_disk.h"

#include <sys/statvfs.h>

namespace sumscope::rpc {

uint64_t FreeDiskBytes(const std::string& directory) {
  struct statvfs disk = {};
  return statvfs(directory.c_str(), &disk) == 0 ? static_cast<uint64_t>(disk.f_bavail) * disk.f_frsize : 0;
}

}  // namespace sumscope::rpc

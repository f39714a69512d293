#include "proto/contract/process/file_descriptor.h"

#include <unistd.h>

namespace sumscope {

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

int FileDescriptor::Close() { return close(Release()); }

FileDescriptor::~FileDescriptor() {
  if (valid()) close(fd_);
}

}  // namespace sumscope

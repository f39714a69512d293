#include "proto/contract/process/file_descriptor.h"

#include <unistd.h>

namespace sumscope {

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  const FileDescriptor before(std::exchange(fd_, other.Release()));
  return *this;
}

int FileDescriptor::Close() { return close(Release()); }

FileDescriptor::~FileDescriptor() {
  if (valid()) close(fd_);
}

}  // namespace sumscope

#include "proto/contract/process/standard_descriptors.h"

#include <fcntl.h>
#include <unistd.h>

namespace sumscope {

void FillStandardDescriptors() {
  for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; ++descriptor) {
    if (fcntl(descriptor, F_GETFD) >= 0) continue;
    // Open for the other direction alone. It gets the lowest free number: this one.
    (void)!open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
}

namespace {

// The loader calls what an executable lists here before any constructor of a shared library.
__attribute__((section(".preinit_array"), used)) void (*const fill_before_libraries)() = FillStandardDescriptors;

}  // namespace

bool StandardInputIsClosed() {
  const int flags = fcntl(STDIN_FILENO, F_GETFL);
  return flags < 0 || (flags & O_ACCMODE) == O_WRONLY;
}

}  // namespace sumscope

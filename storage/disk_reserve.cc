#include "storage/disk_reserve.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace sumscope::storage {
namespace {

// Of what is free, this part at most is taken: who has just made a little room is to have the use of it.
constexpr uint64_t kShare = 4;

}  // namespace

void DiskReserve::Fill() {
  MutexLock lock(&mutex_);
  struct stat info;
  if (stat(path_.c_str(), &info) == 0 && static_cast<uint64_t>(info.st_blocks) * 512 >= bytes_) return;
  const int file = open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
  if (file < 0) return;
  struct statvfs disk;
  const bool room = fstatvfs(file, &disk) == 0 && uint64_t{disk.f_bavail} * disk.f_frsize / kShare >= bytes_;
  // Blocks, not a hole: a file that only claims its size would give nothing back.
  const bool filled = room && posix_fallocate(file, 0, static_cast<off_t>(bytes_)) == 0;
  close(file);
  if (!filled) unlink(path_.c_str());
}

bool DiskReserve::Release() {
  MutexLock lock(&mutex_);
  return unlink(path_.c_str()) == 0;
}

}  // namespace sumscope::storage

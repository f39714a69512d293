#include "storage/disk_reserve.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>

#include "proto/contract/process/file_descriptor.h"

namespace sumscope::storage {
namespace {

// Of what is free, this part at most is taken: who has just made a little room is to have the use of it.
constexpr uint64_t kShare = 4;
constexpr uint64_t kPieces = 8;  // each has room for many cancels

}  // namespace

uint64_t DiskReserve::Held() const {
  struct stat info;
  if (stat(path_.c_str(), &info) != 0) return 0;
  return std::min({bytes_, static_cast<uint64_t>(info.st_blocks) * 512, static_cast<uint64_t>(info.st_size)});
}

void DiskReserve::Fill() {
  MutexLock lock(&mutex_);
  const uint64_t held = Held();
  if (held >= bytes_) return;
  const FileDescriptor owned(open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
  if (!owned.valid()) return;
  const int file = owned.get();
  struct statvfs disk;
  const bool room = fstatvfs(file, &disk) == 0 && uint64_t{disk.f_bavail} * disk.f_frsize / kShare >= bytes_ - held;
  // Blocks, not a hole: a file that only claims its size would give nothing back.
  const bool filled = room && posix_fallocate(file, 0, static_cast<off_t>(bytes_)) == 0;
  const bool cut = filled || ftruncate(file, static_cast<off_t>(held)) == 0;
  if (!cut || (!filled && held == 0)) unlink(path_.c_str());
}

bool DiskReserve::Release() {
  MutexLock lock(&mutex_);
  const uint64_t held = Held(), piece = bytes_ / kPieces;
  if (held <= piece) return unlink(path_.c_str()) == 0;
  // A file that cannot get shorter is given up whole.
  return truncate(path_.c_str(), static_cast<off_t>(held - piece)) == 0 || unlink(path_.c_str()) == 0;
}

uint64_t DiskReserve::Missing() const {
  MutexLock lock(&mutex_);
  return bytes_ - Held();
}

}  // namespace sumscope::storage

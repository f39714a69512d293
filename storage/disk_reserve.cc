#include "storage/disk_reserve.h"

#include <algorithm>
#include <memory>

#include "absl/status/statusor.h"
#include "storage/sqlite/files/files.h"

namespace sumscope::storage {
namespace {

// Of what is free, this part at most is taken: who has just made a little room is to have the use of it.
constexpr uint64_t kShare = 4;
constexpr uint64_t kPieces = 8;  // each has room for many cancels

}  // namespace

uint64_t DiskReserve::Held() const {
  if (IsSymbolicLink(path_)) return 0;  // what it leads to is not the reserve
  return std::min({bytes_, FileBytes(path_), FileLength(path_)});
}

bool DiskReserve::Remove() { return FileExists(path_).value_or(true) && env_->RemoveFile(path_).ok(); }

void DiskReserve::Fill() {
  MutexLock lock(&mutex_);
  const uint64_t held = Held();
  if (held >= bytes_) return;
  const absl::StatusOr<std::unique_ptr<AllocatedFile>> file = env_->OpenAllocatedFile(path_);
  if (!file.ok()) return;
  const bool room = (*file)->FreeBytes().value_or(0) / kShare >= bytes_ - held;
  // Blocks, not a hole: a file that only claims its size would give nothing back.
  const bool filled = room && (*file)->Allocate(bytes_).ok();
  const bool cut = filled || (*file)->Truncate(held).ok();
  if (!cut || (!filled && held == 0)) Remove();
}

bool DiskReserve::Release() {
  MutexLock lock(&mutex_);
  const uint64_t held = Held(), piece = bytes_ / kPieces;
  // A file that cannot get shorter is given up whole.
  return (held > piece && env_->TruncateFile(path_, held - piece).ok()) || Remove();
}

uint64_t DiskReserve::Missing() const {
  MutexLock lock(&mutex_);
  return bytes_ - Held();
}

}  // namespace sumscope::storage

#ifndef SUMSCOPE_STORAGE_DISK_RESERVE_H_
#define SUMSCOPE_STORAGE_DISK_RESERVE_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "proto/contract/base/mutex.h"
#include "storage/sqlite/files/env.h"

namespace sumscope::storage {

// Disk that is kept for what ends and frees: on a full disk a cancel or a delete needs a few pages of the catalog
// before it can give anything back. A file of `bytes` at `path`, whose blocks are taken, and which gets shorter piece
// by piece: each who needs it has one, whoever else met the full disk. Thread-safe.
class DiskReserve {
 public:
  // `env` outlives it.
  DiskReserve(std::string path, uint64_t bytes, Env* env) : path_(std::move(path)), bytes_(bytes), env_(env) {}

  // Takes the bytes, where the disk has enough more than them and they are not taken yet. Best effort.
  void Fill();
  // Gives a piece of them back to the file system. Returns false when none was there.
  bool Release();
  // How many of them are given back, or were never taken: as much of what is free is not for everybody.
  uint64_t Missing() const;

 private:
  uint64_t Held() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Gives up the whole file. Returns false when none was there, or it is there still.
  bool Remove() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::string path_;
  const uint64_t bytes_;
  Env* const env_;
  mutable Mutex mutex_;  // of the file
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_DISK_RESERVE_H_

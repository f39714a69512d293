#ifndef SUMSCOPE_SERVER_JOBS_STATE_CAPTURE_ROOM_H_
#define SUMSCOPE_SERVER_JOBS_STATE_CAPTURE_ROOM_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/contract/base/mutex.h"
#include "storage/capture_file.h"
#include "storage/catalog/catalog.h"

namespace sumscope::jobs {

// The disk that all captures may take together: what finished ones take, and what those that wait or run announced.
// After a restart a capture counts again from the moment at which its bytes come. A disk that has less left bounds it
// too. Thread-safe.
class CaptureRoom {
 public:
  // `catalog` and `captures` must outlive it. `free_disk`: bytes that their disk has left; null: without bound.
  CaptureRoom(storage::Catalog* catalog, storage::CaptureFiles* captures, uint64_t limit,
              std::function<uint64_t()> free_disk)
      : catalog_(catalog), captures_(captures), limit_(limit), free_disk_(std::move(free_disk)) {}

  // RESOURCE_EXHAUSTED CAPTURE_TOO_LARGE naming the bytes when a further capture of `bytes` would pass the limit
  // or fill the disk.
  absl::Status Check(uint64_t bytes);
  // Checks and keeps the room for `analysis` (its full name), in place of what it has, until it ends or is released.
  absl::Status Take(const std::string& analysis, uint64_t bytes);
  // Keeps the room as Take does, without a check.
  void Announce(const std::string& analysis, uint64_t bytes);
  // Gives the room of `analysis` back: its capture's file is finished, whose own bytes count from here on.
  void Release(const std::string& analysis);

 private:
  absl::Status CheckBeside(const std::string& analysis, uint64_t bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status CheckDisk(uint64_t bytes, uint64_t announced) const;
  // Forgets captures that ended; what the others than `analysis` announced.
  absl::StatusOr<uint64_t> AnnouncedBeside(const std::string& analysis) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  storage::Catalog* const catalog_;
  storage::CaptureFiles* const captures_;
  const uint64_t limit_;
  const std::function<uint64_t()> free_disk_;
  Mutex mutex_;
  std::map<std::string, uint64_t> announced_ ABSL_GUARDED_BY(mutex_);  // bytes by full name
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_STATE_CAPTURE_ROOM_H_

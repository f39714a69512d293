#include "server/rpc/serve/transfer/incoming_room.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"

namespace sumscope::rpc {

IncomingRoom::Hold::~Hold() {
  MutexLock lock(&room_->mutex_);
  room_->held_disk_ -= disk_;
  room_->held_memory_ -= memory_;
}

absl::Status IncomingRoom::Hold::TakeDisk(uint64_t bytes) {
  const uint64_t free = room_->free_disk_();
  MutexLock lock(&room_->mutex_);
  const uint64_t taken = room_->held_disk_ + room_->disk_reserve_;
  if (free < taken || free - taken < bytes) {
    return WithRetryAfter(
        MakeError(absl::StatusCode::kResourceExhausted, "DISK_FULL",
                  absl::StrCat("the upload needs ", bytes, " bytes; the disk has ", free, " left, of which ",
                               room_->held_disk_, " are promised to other uploads and ", room_->disk_reserve_,
                               " are kept: free some space and send it again")),
        absl::Seconds(30));
  }
  room_->held_disk_ += bytes;
  disk_ += bytes;
  return absl::OkStatus();
}

void IncomingRoom::Hold::SpendDisk(uint64_t bytes) {
  MutexLock lock(&room_->mutex_);
  const uint64_t spent = std::min(bytes, disk_);
  room_->held_disk_ -= spent;
  disk_ -= spent;
}

absl::Status IncomingRoom::Hold::HoldMemory(uint64_t bytes) {
  MutexLock lock(&room_->mutex_);
  const uint64_t others = room_->held_memory_ - memory_;
  if (bytes > memory_ && (bytes > room_->memory_ || others > room_->memory_ - bytes)) {
    return WithRetryAfter(MakeError(absl::StatusCode::kResourceExhausted, "UPLOAD_MEMORY_FULL",
                                    absl::StrCat("uploads on their way in may hold ", room_->memory_,
                                                 " bytes of memory together, others ", "hold ", others,
                                                 " and this one needs ", bytes, ": send it again in a moment")),
                          absl::Seconds(5));
  }
  room_->held_memory_ = others + bytes;
  memory_ = bytes;
  return absl::OkStatus();
}

}  // namespace sumscope::rpc

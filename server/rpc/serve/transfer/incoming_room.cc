#include "server/rpc/serve/transfer/incoming_room.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/limits.h"

namespace sumscope::rpc {

IncomingRoom::Hold::~Hold() {
  MutexLock lock(&room_->mutex_);
  room_->held_disk_ -= disk_;
  room_->held_memory_ -= memory_;
  const auto user = room_->users_.find(user_);
  if (user == room_->users_.end()) return;
  user->second.disk -= disk_;
  user->second.memory -= memory_;
  if (user->second.disk == 0 && user->second.memory == 0) room_->users_.erase(user);
}

absl::Status IncomingRoom::CheckShare(const std::string& user, uint64_t held, uint64_t more, uint64_t share,
                                      const char* what) {
  if (user.empty() || (held <= share && more <= share - held)) return absl::OkStatus();
  const std::string limit = absl::StrCat(user, "'s uploads may hold ", share, " bytes of ", what, " together");
  const absl::Status error = MakeError(absl::StatusCode::kResourceExhausted, "UPLOAD_QUOTA",
                                       absl::StrCat(limit, ", of which ", held, " are held and ", more,
                                                    " are wanted: send it again when others are done"));
  return WithQuotaFailure(WithRetryAfter(error, absl::Seconds(5)), absl::StrCat("user:", user), limit);
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
  const uint64_t of_user = user_.empty() ? 0 : room_->users_[user_].disk;
  if (absl::Status share = CheckShare(user_, of_user, bytes, limits::kMaxUserUploadDisk, "disk"); !share.ok()) {
    return share;
  }
  room_->held_disk_ += bytes;
  if (!user_.empty()) room_->users_[user_].disk += bytes;
  disk_ += bytes;
  return absl::OkStatus();
}

void IncomingRoom::Hold::SpendDisk(uint64_t bytes) {
  MutexLock lock(&room_->mutex_);
  const uint64_t spent = std::min(bytes, disk_);
  room_->held_disk_ -= spent;
  if (!user_.empty()) room_->users_[user_].disk -= spent;
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
  const uint64_t of_user = user_.empty() ? 0 : room_->users_[user_].memory - memory_;
  if (bytes > memory_) {
    absl::Status share = CheckShare(user_, of_user, bytes, limits::kMaxUserUploadMemory, "memory");
    if (!share.ok()) return share;
  }
  room_->held_memory_ = others + bytes;
  if (!user_.empty()) room_->users_[user_].memory = of_user + bytes;
  memory_ = bytes;
  return absl::OkStatus();
}

}  // namespace sumscope::rpc

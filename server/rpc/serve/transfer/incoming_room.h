#ifndef SUMSCOPE_SERVER_RPC_SERVE_TRANSFER_INCOMING_ROOM_H_
#define SUMSCOPE_SERVER_RPC_SERVE_TRANSFER_INCOMING_ROOM_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "proto/contract/base/mutex.h"
#include "server/auth/caller.h"

namespace sumscope::rpc {

// The one place where uploads reserve the bytes that they will take: of the disk, less what is left to others, and of
// memory, of which all uploads together have a fixed amount. The uploads of one user have a share of each, but of those
// who are unlimited. Thread-safe.
class IncomingRoom {
 public:
  // `free_disk` says how many bytes the disk of the data directory has left.
  IncomingRoom(std::function<uint64_t()> free_disk, uint64_t disk_reserve, uint64_t memory)
      : free_disk_(std::move(free_disk)), disk_reserve_(disk_reserve), memory_(memory) {}

  // What one upload has reserved; given back with it. Thread-compatible.
  class Hold {
   public:
    // Of the room as a whole; with a caller, also of their share.
    explicit Hold(IncomingRoom* room) : room_(room) {}
    Hold(IncomingRoom* room, const auth::Caller& caller) : room_(room), user_(caller.unlimited ? "" : caller.name) {}
    ~Hold();
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

    // Reserves so many bytes more. RESOURCE_EXHAUSTED DISK_FULL, UPLOAD_QUOTA.
    absl::Status TakeDisk(uint64_t bytes);
    // So many reserved bytes lie on the disk now, which counts them itself.
    void SpendDisk(uint64_t bytes);
    // Holds `bytes` of memory in place of what it held; only growing is refused. RESOURCE_EXHAUSTED
    // UPLOAD_MEMORY_FULL, UPLOAD_QUOTA, with a time after which to try again.
    absl::Status HoldMemory(uint64_t bytes);

   private:
    IncomingRoom* const room_;
    const std::string user_;  // empty: not counted
    uint64_t disk_ = 0, memory_ = 0;
  };

 private:
  struct Held {
    uint64_t disk = 0, memory = 0;
  };
  // The user's share has `held + more` bytes of `share`. RESOURCE_EXHAUSTED UPLOAD_QUOTA where it has less.
  static absl::Status CheckShare(const std::string& user, uint64_t held, uint64_t more, uint64_t share,
                                 const char* what);

  const std::function<uint64_t()> free_disk_;
  const uint64_t disk_reserve_, memory_;
  Mutex mutex_;
  uint64_t held_disk_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t held_memory_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::string, Held> users_ ABSL_GUARDED_BY(mutex_);  // of those who hold something
};

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_SERVE_TRANSFER_INCOMING_ROOM_H_

#ifndef SUMSCOPE_SERVER_JOBS_SCHEDULING_ROOM_H_
#define SUMSCOPE_SERVER_JOBS_SCHEDULING_ROOM_H_

#include <cstddef>
#include <string>
#include <utility>

namespace sumscope::jobs {

class Dispatcher;

// Room in the queue for jobs that are about to come. They count as if they had come already, so that callers who come
// together keep within the limits; when they come, Dispatcher::Enqueue takes the room, and otherwise its end gives it
// back. The dispatcher outlives it. Thread-compatible.
class Room {
 public:
  Room() = default;  // of none
  Room(Room&& other) noexcept { *this = std::move(other); }
  Room& operator=(Room&& other) noexcept {
    std::swap(dispatcher_, other.dispatcher_);
    std::swap(owner_, other.owner_);
    std::swap(waiting_, other.waiting_);
    std::swap(high_, other.high_);
    other.GiveBack();
    return *this;
  }
  ~Room() { GiveBack(); }

 private:
  friend class Dispatcher;
  Room(Dispatcher* dispatcher, std::string owner, size_t waiting, size_t high)
      : dispatcher_(dispatcher), owner_(std::move(owner)), waiting_(waiting), high_(high) {}
  void GiveBack();  // dispatcher.cc

  Dispatcher* dispatcher_ = nullptr;  // null: there is none to give back
  std::string owner_;
  size_t waiting_ = 0, high_ = 0;
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_SCHEDULING_ROOM_H_

#include "client/cli/connecting/join_streams.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <memory>

#include "proto/contract/process/file_descriptor.h"

namespace sumscope::client {
namespace {

constexpr size_t kBufferBytes = size_t{64} << 10;
constexpr int kLastWordsMs = 10'000;  // of a socket that was told the end, between two of them

// A descriptor that others may share does not block while this lives.
class Unblocked {
 public:
  explicit Unblocked(int descriptor) : descriptor_(descriptor), before_(fcntl(descriptor, F_GETFL)) {
    if (before_ >= 0) fcntl(descriptor_, F_SETFL, before_ | O_NONBLOCK);
  }
  ~Unblocked() {
    if (before_ >= 0) fcntl(descriptor_, F_SETFL, before_);
  }
  Unblocked(const Unblocked&) = delete;
  Unblocked& operator=(const Unblocked&) = delete;

 private:
  const int descriptor_, before_;
};

// Whether a read or write that failed is to be tried again later.
bool MayGoOn() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

// One direction.
class Direction {
 public:
  Direction(int from, int to) : from_(from), to_(to) {}

  bool wants_bytes() const { return !ended_ && end_ == 0; }
  bool has_bytes() const { return begin_ < end_; }
  // Nothing more comes, and all that came is handed on.
  bool done() const { return ended_ && !has_bytes(); }
  // Nobody takes what comes.
  bool broken() const { return broken_; }

  void Read() {
    const ssize_t got = read(from_, buffer_->data(), kBufferBytes);
    if (got > 0) end_ = static_cast<size_t>(got);
    if (got == 0 || (got < 0 && !MayGoOn())) ended_ = true;
  }
  void Write() {
    const ssize_t put = write(to_, buffer_->data() + begin_, end_ - begin_);
    if (put > 0) begin_ += static_cast<size_t>(put);
    if (put < 0 && !MayGoOn()) Break();
    if (begin_ == end_) begin_ = end_ = 0;
  }
  void Break() {
    broken_ = ended_ = true;
    begin_ = end_ = 0;
  }

 private:
  const int from_, to_;
  const std::unique_ptr<std::array<char, kBufferBytes>> buffer_ = std::make_unique<std::array<char, kBufferBytes>>();
  size_t begin_ = 0, end_ = 0;  // of what the buffer holds
  bool ended_ = false, broken_ = false;
};

short Wanted(bool wanted, short event) { return wanted ? event : 0; }

}  // namespace

absl::Status JoinStreams(int in, int out, int socket, Cancellation* cancellation) {
  const FileDescriptor stop(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!stop.valid()) return absl::ErrnoToStatus(errno, "cannot make a descriptor");
  const Cancellation::Scope scope(cancellation, [&stop] { eventfd_write(stop.get(), 1); });
  const Unblocked in_unblocked(in), out_unblocked(out);
  Direction up(in, socket), down(socket, out);
  bool told_end = false;
  while (!down.done() && !down.broken()) {
    if (up.done() && !told_end) {
      shutdown(socket, SHUT_WR);
      told_end = true;
    }
    // A negative descriptor is not looked at: one whose other end is gone would wake this again and again.
    pollfd entries[] = {{up.wants_bytes() ? in : -1, POLLIN, 0},
                        {out, Wanted(down.has_bytes(), POLLOUT), 0},
                        {up.has_bytes() || down.wants_bytes() ? socket : -1,
                         static_cast<short>(Wanted(down.wants_bytes(), POLLIN) | Wanted(up.has_bytes(), POLLOUT)), 0},
                        {stop.get(), POLLIN, 0}};
    const int ready = poll(entries, std::size(entries), told_end ? kLastWordsMs : -1);
    if (ready < 0 && errno != EINTR) return absl::ErrnoToStatus(errno, "cannot wait for bytes");
    if (ready == 0 || entries[3].revents != 0) break;
    if (ready < 0) continue;
    if (entries[0].revents != 0) up.Read();
    if (entries[2].revents != 0) {
      if (up.has_bytes()) up.Write();
      if (down.wants_bytes()) down.Read();
    }
    if (down.has_bytes()) down.Write();
    if (!down.has_bytes() && (entries[1].revents & (POLLERR | POLLHUP | POLLNVAL)) != 0) down.Break();
    if (up.has_bytes()) up.Write();
  }
  return absl::OkStatus();
}

}  // namespace sumscope::client

#include "server/transport/accept_loop.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"

namespace sumscope::transport {
namespace {

constexpr int kBatch = 64;  // of one socket, before the others have their turn

// HTTP/2: an empty SETTINGS, then GOAWAY with ENHANCE_YOUR_CALM. gRPC clients show its text with UNAVAILABLE.
std::string Refusal(const std::string& text) {
  const std::string settings(std::string("\0\0\0\4\0\0\0\0\0", 9));
  std::string goaway(
      "\0\0\0\7\0\0\0\0\0"
      "\0\0\0\0"
      "\0\0\0\x0b",
      17);
  goaway[2] = static_cast<char>(8 + text.size());
  return settings + goaway + text;
}

void Refuse(int descriptor, Way way, absl::string_view text) {
  if (way == Way::kTls) return;  // nothing can be said before a handshake, which costs more than an end
  const std::string bytes = Refusal(std::string(text));
  // Whether it gets there or not: the connection ends.
  if (send(descriptor, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL) < 0) return;
}

// What the kernel reports about one connection, or of none at all: the next accept says more.
bool ConcernsOneConnection(int error) {
  return error == EINTR || error == ECONNABORTED || error == EPROTO || error == EPERM || error == ENETDOWN ||
         error == EHOSTDOWN || error == ENETUNREACH || error == EHOSTUNREACH || error == ENONET;
}

}  // namespace

absl::StatusOr<std::unique_ptr<AcceptLoop>> AcceptLoop::Start(std::vector<ListeningSocket> sockets,
                                                              ConnectionTable* table, Take take, Options options) {
  FileDescriptor wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake.valid()) {
    return MakeError(absl::StatusCode::kResourceExhausted, "DESCRIPTORS_EXHAUSTED",
                     absl::StrCat("cannot make an eventfd: ", std::strerror(errno)));
  }
  return std::unique_ptr<AcceptLoop>(
      new AcceptLoop(std::move(sockets), table, std::move(take), std::move(options), std::move(wake)));
}

AcceptLoop::AcceptLoop(std::vector<ListeningSocket> sockets, ConnectionTable* table, Take take, Options options,
                       FileDescriptor wake)
    : table_(table),
      take_(std::move(take)),
      options_(std::move(options)),
      sockets_(std::move(sockets)),
      wake_(std::move(wake)),
      next_descriptor_(options_.first_descriptor),
      thread_([this] { Loop(); }) {}

void AcceptLoop::Stop() {
  if (!thread_.joinable()) return;
  const uint64_t one = 1;
  while (write(wake_.get(), &one, sizeof(one)) < 0 && errno == EINTR) {
  }
  thread_.join();
  sockets_.clear();
}

void AcceptLoop::Loop() {
  std::vector<pollfd> polled = {{wake_.get(), POLLIN, 0}};
  for (const ListeningSocket& socket : sockets_) polled.push_back({socket.descriptor(), POLLIN, 0});
  auto next_look = std::chrono::steady_clock::now() + options_.look;
  bool paused = false;
  while (true) {
    // While descriptors are short the sockets are readable all the time: only the wake-up is waited for.
    const auto patience = paused ? options_.pause : options_.look;
    poll(polled.data(), paused ? 1 : polled.size(), static_cast<int>(patience.count()));
    if (polled[0].revents != 0) return;
    paused = false;
    for (size_t i = 1; i < polled.size(); ++i) paused |= !AcceptFrom(sockets_[i - 1]);
    if (std::chrono::steady_clock::now() < next_look) continue;
    table_->ShutDownIdle();
    if (options_.on_look) options_.on_look();
    next_look = std::chrono::steady_clock::now() + options_.look;
  }
}

bool AcceptLoop::AcceptFrom(const ListeningSocket& listening) {
  for (int i = 0; i < kBatch; ++i) {
    FileDescriptor accepted(accept4(listening.descriptor(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!accepted.valid()) {
      if (errno == EAGAIN || errno == EWOULDBLOCK) return true;
      if (ConcernsOneConnection(errno)) continue;
      return false;  // EMFILE, ENFILE, ENOBUFS, ENOMEM and whatever else: never a reason to be deaf for good
    }
    const Origin origin = OriginOf(accepted.get(), listening.way());
    if (const absl::Status admitted = table_->Admit(origin); !admitted.ok()) {
      Refuse(accepted.get(), listening.way(), admitted.message());
      continue;
    }
    if (options_.first_descriptor > 0) {
      FileDescriptor moved = MoveUp(accepted.get());
      if (!moved.valid()) {
        Refuse(accepted.get(), listening.way(), "too many connections: this server has no descriptor left");
        return false;
      }
      accepted = std::move(moved);
    }
    const int on = 1;
    setsockopt(accepted.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));  // of no meaning to a Unix socket
    table_->Add(accepted.get(), origin);
    take_(accepted.Release(), listening.way());
  }
  return true;
}

FileDescriptor AcceptLoop::MoveUp(int low) {
  int moved = fcntl(low, F_DUPFD_CLOEXEC, next_descriptor_);
  // None is free above: begin again. EINVAL: the limit was lowered below the next one.
  if (moved < 0 && (errno == EMFILE || errno == EINVAL)) {
    moved = fcntl(low, F_DUPFD_CLOEXEC, options_.first_descriptor);
  }
  if (moved >= 0) next_descriptor_ = moved + 1;
  return FileDescriptor(moved);
}

}  // namespace sumscope::transport

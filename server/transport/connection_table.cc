#include "server/transport/connection_table.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace sumscope::transport {
namespace {

// 0 for what is not open.
ino_t InodeOf(int descriptor) {
  struct stat file = {};
  return fstat(descriptor, &file) == 0 ? file.st_ino : 0;
}

// The N of "fd:N"; -1 for another name.
int DescriptorOf(absl::string_view peer) {
  int descriptor = -1;
  return absl::ConsumePrefix(&peer, "fd:") && absl::SimpleAtoi(peer, &descriptor) ? descriptor : -1;
}

}  // namespace

bool ConnectionTable::IsOpen(const Connection& connection) {
  return InodeOf(connection.descriptor) == connection.inode;
}

void ConnectionTable::ForgetClosed() {
  for (auto at = connections_.begin(); at != connections_.end();) {
    if (IsOpen(at->second)) {
      ++at;
      continue;
    }
    const auto id = ids_.find(at->second.descriptor);
    if (id != ids_.end() && id->second == at->first) ids_.erase(id);
    at = connections_.erase(at);
  }
}

bool ConnectionTable::HasRoom() {
  MutexLock lock(&mutex_);
  if (connections_.size() >= limits_.maximum) ForgetClosed();
  return connections_.size() < limits_.maximum;
}

void ConnectionTable::Add(int descriptor) {
  MutexLock lock(&mutex_);
  const auto [id, is_new] = ids_.try_emplace(descriptor, 0);
  if (!is_new) connections_.erase(id->second);  // its number was free again: it is closed
  id->second = ++last_id_;
  Connection& connection = connections_[last_id_];
  connection.descriptor = descriptor;
  connection.inode = InodeOf(descriptor);
  connection.quiet_since = clock_->Monotonic();
}

size_t ConnectionTable::Count() {
  MutexLock lock(&mutex_);
  ForgetClosed();
  return connections_.size();
}

uint64_t ConnectionTable::CallBegan(const std::string& peer) {
  const int descriptor = DescriptorOf(peer);
  MutexLock lock(&mutex_);
  const auto id = ids_.find(descriptor);
  if (id == ids_.end()) return 0;
  ++connections_.at(id->second).calls;
  return id->second;
}

void ConnectionTable::CallEnded(uint64_t id) {
  MutexLock lock(&mutex_);
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  --found->second.calls;
  found->second.quiet_since = clock_->Monotonic();
}

std::optional<uint32_t> ConnectionTable::UidOf(const std::string& peer) {
  MutexLock lock(&mutex_);
  const auto id = ids_.find(DescriptorOf(peer));
  if (id == ids_.end()) return std::nullopt;
  const Connection& connection = connections_.at(id->second);
  int domain = 0;
  socklen_t domain_size = sizeof(domain);
  ucred other = {};
  socklen_t other_size = sizeof(other);
  const bool is_local =
      IsOpen(connection) && getsockopt(connection.descriptor, SOL_SOCKET, SO_DOMAIN, &domain, &domain_size) == 0 &&
      domain == AF_UNIX && getsockopt(connection.descriptor, SOL_SOCKET, SO_PEERCRED, &other, &other_size) == 0;
  return is_local ? std::make_optional(other.uid) : std::nullopt;
}

void ConnectionTable::ShutDown(uint64_t id) {
  MutexLock lock(&mutex_);
  const auto found = connections_.find(id);
  if (found != connections_.end() && IsOpen(found->second)) shutdown(found->second.descriptor, SHUT_RDWR);
}

void ConnectionTable::ShutDownIdle() {
  MutexLock lock(&mutex_);
  ForgetClosed();
  const absl::Duration now = clock_->Monotonic();
  for (const auto& [id, connection] : connections_) {
    if (connection.calls == 0 && now - connection.quiet_since > limits_.idle) {
      shutdown(connection.descriptor, SHUT_RDWR);
    }
  }
}

void ConnectionTable::ShutDownAll() {
  MutexLock lock(&mutex_);
  ForgetClosed();
  for (const auto& [id, connection] : connections_) shutdown(connection.descriptor, SHUT_RDWR);
}

}  // namespace sumscope::transport

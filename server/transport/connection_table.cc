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
  absl::string_view number = peer;
  int descriptor = -1;
  if (!absl::ConsumePrefix(&number, "fd:") || !absl::SimpleAtoi(number, &descriptor)) return 0;
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

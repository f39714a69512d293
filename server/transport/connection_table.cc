#include "server/transport/connection_table.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "proto/contract/errors/errors.h"

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

std::string ConnectionTable::HolderOf(const Origin& origin) {
  return origin.uid.has_value() ? absl::StrCat("uid ", *origin.uid) : origin.address;
}

ConnectionTable::Connections::iterator ConnectionTable::Erase(Connections::iterator at) {
  const auto [id, connection] = *at;
  const auto by_descriptor = ids_.find(connection.descriptor);
  if (by_descriptor != ids_.end() && by_descriptor->second == id) ids_.erase(by_descriptor);
  const auto by_remote = remotes_.find(connection.origin.remote);
  if (by_remote != remotes_.end() && by_remote->second == id) remotes_.erase(by_remote);
  const auto held = held_.find(HolderOf(connection.origin));
  if (--held->second == 0) held_.erase(held);
  return connections_.erase(at);
}

size_t ConnectionTable::HeldBy(const std::string& holder) const {
  const auto found = held_.find(holder);
  return found == held_.end() ? 0 : found->second;
}

void ConnectionTable::ForgetClosed(const std::string& holder) {
  for (auto at = connections_.begin(); at != connections_.end();) {
    const bool stays = (!holder.empty() && HolderOf(at->second.origin) != holder) || IsOpen(at->second);
    at = stays ? std::next(at) : Erase(at);
  }
}

absl::Status ConnectionTable::Admit(const Origin& origin) {
  MutexLock lock(&mutex_);
  if (connections_.size() >= limits_.maximum) ForgetClosed();
  const std::string holder = HolderOf(origin);
  const size_t may_hold = origin.way == Way::kSocket ? limits_.of_user : limits_.of_address;
  if (HeldBy(holder) >= may_hold) ForgetClosed(holder);
  std::string why;
  if (connections_.size() >= limits_.maximum) {
    why = absl::StrCat("this server holds at most ", limits_.maximum);
  } else if (HeldBy(holder) >= may_hold) {
    why = absl::StrCat(holder, " holds ", may_hold, " already, which is the most");
  }
  if (why.empty()) return absl::OkStatus();
  why = "too many connections: " + why;
  ++refusals_.count;
  refusals_.last = why;
  return MakeError(absl::StatusCode::kResourceExhausted, "TOO_MANY_CONNECTIONS", why);
}

void ConnectionTable::Add(int descriptor, const Origin& origin) {
  MutexLock lock(&mutex_);
  // A number, and an address, that came again were free: what had them is closed.
  const auto same_number = ids_.find(descriptor);
  if (same_number != ids_.end()) Erase(connections_.find(same_number->second));
  const auto same_remote = remotes_.find(origin.remote);
  if (same_remote != remotes_.end()) Erase(connections_.find(same_remote->second));
  Connection& connection = connections_[++last_id_];
  connection.descriptor = descriptor;
  connection.inode = InodeOf(descriptor);
  connection.origin = origin;
  connection.quiet_since = clock_->Monotonic();
  ids_[descriptor] = last_id_;
  if (origin.way == Way::kTls && !origin.remote.empty()) remotes_[origin.remote] = last_id_;
  ++held_[HolderOf(origin)];
}

size_t ConnectionTable::Count() {
  MutexLock lock(&mutex_);
  ForgetClosed();
  return connections_.size();
}

ConnectionTable::Connections::iterator ConnectionTable::Find(const std::string& peer) {
  absl::string_view number = peer;
  int descriptor = -1;
  if (absl::ConsumePrefix(&number, "fd:")) {
    const auto id = absl::SimpleAtoi(number, &descriptor) ? ids_.find(descriptor) : ids_.end();
    return id == ids_.end() ? connections_.end() : connections_.find(id->second);
  }
  const auto id = remotes_.find(RemoteOf(peer));
  return id == remotes_.end() ? connections_.end() : connections_.find(id->second);
}

std::optional<Origin> ConnectionTable::OriginOf(const std::string& peer) {
  MutexLock lock(&mutex_);
  const auto found = Find(peer);
  if (found == connections_.end()) return std::nullopt;
  return found->second.origin;
}

uint64_t ConnectionTable::CallBegan(const std::string& peer) {
  MutexLock lock(&mutex_);
  const auto found = Find(peer);
  if (found == connections_.end()) return 0;
  ++found->second.calls;
  found->second.asked = true;
  return found->first;
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
    const absl::Duration patience = connection.asked ? limits_.idle : std::min(limits_.idle, limits_.unasked);
    if (connection.calls == 0 && now - connection.quiet_since > patience) shutdown(connection.descriptor, SHUT_RDWR);
  }
}

void ConnectionTable::ShutDownAll() {
  MutexLock lock(&mutex_);
  ForgetClosed();
  for (const auto& [id, connection] : connections_) shutdown(connection.descriptor, SHUT_RDWR);
}

ConnectionTable::Refusals ConnectionTable::TakeRefusals() {
  MutexLock lock(&mutex_);
  return std::exchange(refusals_, {});
}

}  // namespace sumscope::transport

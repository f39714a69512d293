#include "server/transport/connection_table.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <iterator>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/process/address_network.h"

namespace sumscope::transport {
namespace {

constexpr absl::Duration kBetweenLooks = absl::Milliseconds(100);  // at all connections, for those that are closed

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
  if (origin.way != Way::kSocket) return NetworkOf(origin.address);
  return origin.uid.has_value() ? absl::StrCat("uid ", *origin.uid) : "a socket";
}

ConnectionTable::Connections::iterator ConnectionTable::Erase(Connections::iterator at) {
  const auto [id, connection] = *at;
  const auto by_descriptor = ids_.find(connection.descriptor);
  if (by_descriptor != ids_.end() && by_descriptor->second == id) ids_.erase(by_descriptor);
  for (auto [remote, end] = remotes_.equal_range(connection.origin.remote); remote != end;) {
    remote = remote->second == id ? remotes_.erase(remote) : std::next(remote);
  }
  if (connection.origin.way != Way::kSocket) --tcp_;
  const auto held = held_.find(HolderOf(connection.origin));
  if (--held->second == 0) held_.erase(held);
  return connections_.erase(at);
}

size_t ConnectionTable::HeldBy(const std::string& holder) const {
  const auto found = held_.find(holder);
  return found == held_.end() ? 0 : found->second;
}

void ConnectionTable::ForgetClosed() {
  forgot_ = clock_->Monotonic();
  for (auto at = connections_.begin(); at != connections_.end();) at = IsOpen(at->second) ? std::next(at) : Erase(at);
}

std::string ConnectionTable::Objection(const Origin& origin) const {
  if (connections_.size() >= limits_.maximum) {
    return absl::StrCat("this server holds at most ", limits_.maximum);
  }
  if (origin.way != Way::kSocket && tcp_ >= limits_.of_tcp) {
    return absl::StrCat("this server holds at most ", limits_.of_tcp, " over TCP");
  }
  const std::string holder = HolderOf(origin);
  const size_t may_hold = origin.way == Way::kSocket ? limits_.of_user : limits_.of_address;
  if (HeldBy(holder) < may_hold) return "";
  return absl::StrCat(holder, " holds ", may_hold, " already, which is the most");
}

absl::Status ConnectionTable::Admit(const Origin& origin) {
  MutexLock lock(&mutex_);
  std::string why = Objection(origin);
  if (!why.empty() && clock_->Monotonic() - forgot_ >= kBetweenLooks) {
    ForgetClosed();
    why = Objection(origin);
  }
  if (why.empty()) return absl::OkStatus();
  why = "too many connections: " + why;
  ++refusals_.count;
  refusals_.last = why;
  return MakeError(absl::StatusCode::kResourceExhausted, "TOO_MANY_CONNECTIONS", why);
}

void ConnectionTable::Add(int descriptor, const Origin& origin) {
  MutexLock lock(&mutex_);
  // A number that came again was free: what had it is closed. An address that came again need not be: one port may be
  // connected to several addresses of this machine.
  const auto same_number = ids_.find(descriptor);
  if (same_number != ids_.end()) Erase(connections_.find(same_number->second));
  for (auto [remote, end] = remotes_.equal_range(origin.remote); remote != end;) {
    const auto connection = connections_.find((remote++)->second);
    if (!IsOpen(connection->second)) Erase(connection);
  }
  Connection& connection = connections_[++last_id_];
  connection.descriptor = descriptor;
  connection.inode = InodeOf(descriptor);
  connection.origin = origin;
  connection.origin.connection = last_id_;
  connection.came = connection.quiet_since = clock_->Monotonic();
  ids_[descriptor] = last_id_;
  if (origin.way == Way::kTls && !origin.remote.empty()) remotes_.emplace(origin.remote, last_id_);
  if (origin.way != Way::kSocket) ++tcp_;
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
  const auto [first, end] = remotes_.equal_range(RemoteOf(peer));
  return first == end ? connections_.end() : connections_.find(std::prev(end)->second);
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

void ConnectionTable::CallerKnown(uint64_t id) {
  MutexLock lock(&mutex_);
  const auto found = connections_.find(id);
  if (found != connections_.end()) found->second.known = true;
}

void ConnectionTable::ShutDown(uint64_t id) {
  MutexLock lock(&mutex_);
  const auto found = connections_.find(id);
  if (found != connections_.end() && IsOpen(found->second)) shutdown(found->second.descriptor, SHUT_RDWR);
}

bool ConnectionTable::Overstays(const Connection& connection, absl::Duration now) const {
  if (connection.calls > 0) return false;
  const absl::Duration stay = now - connection.came;
  return now - connection.quiet_since > limits_.idle || (!connection.asked && stay > limits_.unasked) ||
         (!connection.known && stay > limits_.unknown);
}

void ConnectionTable::ShutDownIdle() {
  MutexLock lock(&mutex_);
  ForgetClosed();
  const absl::Duration now = clock_->Monotonic();
  for (const auto& [id, connection] : connections_) {
    if (Overstays(connection, now)) shutdown(connection.descriptor, SHUT_RDWR);
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

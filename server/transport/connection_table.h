#ifndef SUMSCOPE_SERVER_TRANSPORT_CONNECTION_TABLE_H_
#define SUMSCOPE_SERVER_TRANSPORT_CONNECTION_TABLE_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "proto/contract/base/clock.h"
#include "proto/contract/base/mutex.h"
#include "server/transport/origin.h"

namespace sumscope::transport {

// The connections that a server has accepted and gRPC holds, and where each comes from. gRPC owns their descriptors and
// closes them without notice, so an entry is compared with the socket that its number stands for now. The table ends a
// connection by shutting down its socket, which gRPC takes for the peer's going away. Thread-safe.
class ConnectionTable {
 public:
  struct Limits {
    size_t maximum = 0;   // at once
    absl::Duration idle;  // without any call that has reached its handler: silent peers, half-sent messages
    // Until the first call that reaches its handler: handshakes that never end, peers that never ask or never finish
    // asking.
    absl::Duration unasked = absl::InfiniteDuration();
    size_t of_user = std::numeric_limits<size_t>::max();     // at once, of one uid
    size_t of_address = std::numeric_limits<size_t>::max();  // at once, of one NetworkOf an IP address
    // At once, over TCP, from all addresses: what is left of the maximum is for Unix sockets alone.
    size_t of_tcp = std::numeric_limits<size_t>::max();
    absl::Duration unknown = absl::InfiniteDuration();  // until its first caller who shows who it is, while none calls
  };

  // `clock` outlives the table.
  ConnectionTable(const Limits& limits, Clock* clock) : limits_(limits), clock_(clock) {}

  const Limits& limits() const { return limits_; }
  // Whether one more may come from there. What has just closed may count for another tenth of a second, so that a flood
  // costs no look at all of them for each. RESOURCE_EXHAUSTED TOO_MANY_CONNECTIONS, of which TakeRefusals tells.
  absl::Status Admit(const Origin& origin);
  void Add(int descriptor, const Origin& origin);
  // The number of those that are open.
  size_t Count();

  // Where the connection of `peer` comes from, as gRPC names it: "fd:N", with TLS its address. None where it is none of
  // this table. To be asked while a call is open: gRPC keeps a connection's descriptor as long as it has one.
  std::optional<Origin> OriginOf(const std::string& peer);

  // A call of `peer` has reached its handler. Returns the connection's id, 0 when it is none of this table. Descriptor
  // numbers return, ids do not.
  uint64_t CallBegan(const std::string& peer);
  void CallEnded(uint64_t id);
  // A call of that peer has shown who makes it.
  void CallerKnown(uint64_t id);

  void ShutDown(uint64_t id);
  void ShutDownIdle();
  void ShutDownAll();

  // How many Admit refused since this was last asked, and the last one's reason.
  struct Refusals {
    uint64_t count = 0;
    std::string last;
  };
  Refusals TakeRefusals();

 private:
  struct Connection {
    int descriptor;
    ino_t inode;
    Origin origin;
    size_t calls = 0;
    bool asked = false;          // it has had a call
    bool known = false;          // one of them showed who made it
    absl::Duration came;         // monotonic
    absl::Duration quiet_since;  // monotonic; of use while there is no call
  };
  using Connections = std::map<uint64_t, Connection>;

  // Whether the number still stands for that connection.
  static bool IsOpen(const Connection& connection);
  // Whom a connection counts for: a uid, a network.
  static std::string HolderOf(const Origin& origin);
  // Why one more may not come from there; empty: it may.
  std::string Objection(const Origin& origin) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Whether it has been there too long for what it did.
  bool Overstays(const Connection& connection, absl::Duration now) const;
  size_t HeldBy(const std::string& holder) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Connections::iterator Erase(Connections::iterator at) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Erases those that are closed.
  void ForgetClosed() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Connections::iterator Find(const std::string& peer) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Limits limits_;
  Clock* const clock_;
  Mutex mutex_;
  uint64_t last_id_ ABSL_GUARDED_BY(mutex_) = 0;
  Connections connections_ ABSL_GUARDED_BY(mutex_);
  std::map<int, uint64_t> ids_ ABSL_GUARDED_BY(mutex_);  // by descriptor
  // With TLS, by Origin::remote: several where one port is connected to several addresses of this machine, the last to
  // come last.
  std::multimap<std::string, uint64_t> remotes_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, size_t> held_ ABSL_GUARDED_BY(mutex_);                 // by holder
  size_t tcp_ ABSL_GUARDED_BY(mutex_) = 0;                                     // those that came over TCP
  absl::Duration forgot_ ABSL_GUARDED_BY(mutex_) = -absl::InfiniteDuration();  // monotonic: when it last looked
  Refusals refusals_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sumscope::transport

#endif  // SUMSCOPE_SERVER_TRANSPORT_CONNECTION_TABLE_H_

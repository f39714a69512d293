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
    // Until the first call that reaches its handler: handshakes that never end, peers that never ask.
    absl::Duration unasked = absl::InfiniteDuration();
    size_t of_user = std::numeric_limits<size_t>::max();     // at once, of one uid
    size_t of_address = std::numeric_limits<size_t>::max();  // at once, of one IP address
  };

  // `clock` outlives the table.
  ConnectionTable(const Limits& limits, Clock* clock) : limits_(limits), clock_(clock) {}

  const Limits& limits() const { return limits_; }
  // Whether one more may come from there. RESOURCE_EXHAUSTED TOO_MANY_CONNECTIONS, of which TakeRefusals tells.
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
    absl::Duration quiet_since;  // monotonic; of use while there is no call
  };
  using Connections = std::map<uint64_t, Connection>;

  // Whether the number still stands for that connection.
  static bool IsOpen(const Connection& connection);
  // Whom a connection counts for: a uid, an address.
  static std::string HolderOf(const Origin& origin);
  size_t HeldBy(const std::string& holder) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Connections::iterator Erase(Connections::iterator at) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Erases those that are closed: of all, or of one holder.
  void ForgetClosed(const std::string& holder = "") ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Connections::iterator Find(const std::string& peer) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Limits limits_;
  Clock* const clock_;
  Mutex mutex_;
  uint64_t last_id_ ABSL_GUARDED_BY(mutex_) = 0;
  Connections connections_ ABSL_GUARDED_BY(mutex_);
  std::map<int, uint64_t> ids_ ABSL_GUARDED_BY(mutex_);              // by descriptor
  std::map<std::string, uint64_t> remotes_ ABSL_GUARDED_BY(mutex_);  // with TLS, by Origin::remote
  std::map<std::string, size_t> held_ ABSL_GUARDED_BY(mutex_);       // by holder
  Refusals refusals_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sumscope::transport

#endif  // SUMSCOPE_SERVER_TRANSPORT_CONNECTION_TABLE_H_

#ifndef SUMSCOPE_SERVER_TRANSPORT_CONNECTION_TABLE_H_
#define SUMSCOPE_SERVER_TRANSPORT_CONNECTION_TABLE_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "proto/contract/base/clock.h"
#include "proto/contract/base/mutex.h"

namespace sumscope::transport {

// The connections that a server has accepted and gRPC holds. gRPC owns their descriptors and closes
// them without notice, so an entry is compared with the socket that its number stands for now. The table ends a
// connection by shutting down its socket, which gRPC takes for the peer's going away. Thread-safe.
class ConnectionTable {
 public:
  struct Limits {
    size_t maximum = 0;   // at once
    absl::Duration idle;  // without any call that has reached its handler: silent peers, half-sent messages
  };

  // `clock` outlives the table.
  ConnectionTable(const Limits& limits, Clock* clock) : limits_(limits), clock_(clock) {}

  size_t maximum() const { return limits_.maximum; }
  // Whether one more may come. Forgets those that are closed.
  bool HasRoom();
  void Add(int descriptor);
  // The number of those that are open.
  size_t Count();

  // A call of `peer`, as gRPC names it ("fd:N"), has reached its handler. Returns the connection's id, 0 when it is
  // none of this table. Descriptor numbers return, ids do not.
  uint64_t CallBegan(const std::string& peer);
  void CallEnded(uint64_t id);
  // The account at the other end of a local socket's connection, by the kernel. Empty for a peer that is none of this
  // table, or no local socket.
  std::optional<uint32_t> UidOf(const std::string& peer);

  void ShutDown(uint64_t id);
  void ShutDownIdle();
  void ShutDownAll();

 private:
  struct Connection {
    int descriptor;
    ino_t inode;
    size_t calls = 0;
    absl::Duration quiet_since;  // monotonic; of use while there is no call
  };
  // Whether the number still stands for that connection.
  static bool IsOpen(const Connection& connection);
  void ForgetClosed() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Limits limits_;
  Clock* const clock_;
  Mutex mutex_;
  uint64_t last_id_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<uint64_t, Connection> connections_ ABSL_GUARDED_BY(mutex_);
  std::map<int, uint64_t> ids_ ABSL_GUARDED_BY(mutex_);  // by descriptor
};

}  // namespace sumscope::transport

#endif  // SUMSCOPE_SERVER_TRANSPORT_CONNECTION_TABLE_H_

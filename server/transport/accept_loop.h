#ifndef SUMSCOPE_SERVER_TRANSPORT_ACCEPT_LOOP_H_
#define SUMSCOPE_SERVER_TRANSPORT_ACCEPT_LOOP_H_

#include <chrono>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/contract/process/file_descriptor.h"
#include "server/transport/connection_table.h"
#include "server/transport/listening_socket.h"

namespace sumscope::transport {

// Accepts connections on listening sockets, in one thread, for as long as the process lives.
//
// Goals: nothing that happens to one connection, or to the process's descriptors, ends the accepting; the number of
// connections is bounded, of all and of each user and address, and one more is told so. gRPC's own acceptor gives up at
// the first EMFILE, for ever (grpc/grpc#20418). Non-goals: reading a byte of a connection.
class AcceptLoop {
 public:
  struct Options {
    // Connections get descriptor numbers from here on, each number as late again as can be. 0: the number that the
    // kernel gave.
    int first_descriptor = 0;
    std::chrono::milliseconds pause{100};  // after descriptors or memory have run out
    std::chrono::milliseconds look{1000};  // between two looks at idle connections
    std::function<void()> on_look;         // called by the loop's thread, if set
  };

  // Owns the descriptor that it is given; called by the loop's thread.
  using Take = std::function<void(int descriptor, Way way)>;

  // `table` outlives the loop. RESOURCE_EXHAUSTED DESCRIPTORS_EXHAUSTED.
  static absl::StatusOr<std::unique_ptr<AcceptLoop>> Start(std::vector<ListeningSocket> sockets, ConnectionTable* table,
                                                           Take take, Options options);
  ~AcceptLoop() { Stop(); }
  AcceptLoop(const AcceptLoop&) = delete;
  AcceptLoop& operator=(const AcceptLoop&) = delete;

  // Ends the accepting and closes the sockets. Connections stay.
  void Stop();

 private:
  AcceptLoop(std::vector<ListeningSocket> sockets, ConnectionTable* table, Take take, Options options,
             FileDescriptor wake);
  void Loop();
  // Accepts what waits there, up to a batch. False where the process is short of something.
  bool AcceptFrom(const ListeningSocket& listening);
  // The same connection under a number of its own range; invalid when there is none.
  FileDescriptor MoveUp(int low);

  ConnectionTable* const table_;
  const Take take_;
  const Options options_;
  std::vector<ListeningSocket> sockets_;
  FileDescriptor wake_;  // an eventfd: readable once the loop is to end
  int next_descriptor_;  // of the loop's thread
  std::thread thread_;
};

}  // namespace sumscope::transport

#endif  // SUMSCOPE_SERVER_TRANSPORT_ACCEPT_LOOP_H_

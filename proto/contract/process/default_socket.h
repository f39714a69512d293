#ifndef SUMSCOPE_PROTO_CONTRACT_PROCESS_DEFAULT_SOCKET_H_
#define SUMSCOPE_PROTO_CONTRACT_PROCESS_DEFAULT_SOCKET_H_

#include <string>
#include <vector>

namespace sumscope {

// What the default addresses are made of; read from the environment in main.cc only.
struct SocketEnvironment {
  std::string xdg_runtime_dir;  // $XDG_RUNTIME_DIR, or empty
  std::string home;             // HomeDirectory(), or empty
};

// Paths of the local socket, best first: $XDG_RUNTIME_DIR/sumscope.sock, /run/sumscope/sumscope.sock,
// ~/.local/state/sumscope/sumscope.sock, which is the last where there is a home. A client takes the first alive. A
// server listens on the first that it can make and on the one in its home: the first may go at logout, and cron knows
// no XDG_RUNTIME_DIR.
std::vector<std::string> DefaultSocketPaths(const SocketEnvironment& environment);

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_PROCESS_DEFAULT_SOCKET_H_

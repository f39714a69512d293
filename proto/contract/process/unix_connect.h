#ifndef SUMSCOPE_PROTO_CONTRACT_PROCESS_UNIX_CONNECT_H_
#define SUMSCOPE_PROTO_CONTRACT_PROCESS_UNIX_CONNECT_H_

#include <string>

namespace sumscope {

// 0, or the errno of connecting to the Unix socket at `path`; the connection is closed again. Never waits: EAGAIN is a
// full backlog, of a server that lives and is busy. ECONNREFUSED: nobody holds the socket.
int TryConnect(const std::string& path);

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_PROCESS_UNIX_CONNECT_H_

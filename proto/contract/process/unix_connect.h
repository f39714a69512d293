#ifndef SUMSCOPE_PROTO_CONTRACT_PROCESS_UNIX_CONNECT_H_
#define SUMSCOPE_PROTO_CONTRACT_PROCESS_UNIX_CONNECT_H_

#include <string>

#include "proto/contract/process/file_descriptor.h"

namespace sumscope {

// Connects to the Unix socket at `path`: 0 and a `*connection` that does not block, or an errno. Never waits: EAGAIN is
// a full backlog, of a server that lives and is busy. ECONNREFUSED: nobody holds the socket. Where `own_name` is not ""
// the connection's own end has that abstract name, if it can be had.
int ConnectUnix(const std::string& path, FileDescriptor* connection, const std::string& own_name = "");

// The same of a connection that is closed again.
int TryConnect(const std::string& path);

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_PROCESS_UNIX_CONNECT_H_

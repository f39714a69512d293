#ifndef SUMSCOPE_SERVER_LISTENER_H_
#define SUMSCOPE_SERVER_LISTENER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "grpcpp/grpcpp.h"

namespace sumscope {

// Makes `path` free to be bound: its folder (mode 0700) exists and no file lies there. A socket that a dead server left
// is removed; a live one is ALREADY_EXISTS SOCKET_IN_USE. FAILED_PRECONDITION SOCKET_PATH_TOO_LONG,
// SOCKET_NOT_POSSIBLE.
absl::Status PrepareSocketPath(const std::string& path);

// The public gRPC server on `addresses` (unix:/path or host:port), health and reflection on. Sockets get mode 0600.
// FAILED_PRECONDITION LISTEN_FAILED.
absl::StatusOr<std::unique_ptr<grpc::Server>> Listen(const std::vector<std::string>& addresses,
                                                     const std::vector<grpc::Service*>& services);

}  // namespace sumscope

#endif  // SUMSCOPE_SERVER_LISTENER_H_

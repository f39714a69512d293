#ifndef SUMSCOPE_SERVER_HOST_SOCKET_PLACE_H_
#define SUMSCOPE_SERVER_HOST_SOCKET_PLACE_H_

#include <sys/types.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/contract/process/file_descriptor.h"

namespace sumscope::host {

// The path of a server's Unix socket. The socket is bound beside it, under a name that nobody knows, and gets the path
// once it listens:
//  - the path never names a socket that does not answer, and two servers that start at once cannot both have it;
//  - at the end it is removed only where it is still this server's: a successor's stays.
// gRPC on its own unlinks whatever socket it finds under its path, before it binds and when it ends. Thread-compatible.
class SocketPlace {
 public:
  // `path` is absolute, in a folder that is there. Changes nothing. FAILED_PRECONDITION SOCKET_PATH_TOO_LONG (clients
  // could not connect), SOCKET_NOT_POSSIBLE (no such folder, not writable, something else lies there, a ',' that no
  // gRPC client gets past); ALREADY_EXISTS SOCKET_IN_USE.
  static absl::StatusOr<std::unique_ptr<SocketPlace>> Claim(const std::string& path);
  // Removes what it published, if the path still names it.
  ~SocketPlace();
  SocketPlace(const SocketPlace&) = delete;
  SocketPlace& operator=(const SocketPlace&) = delete;

  const std::string& path() const { return path_; }
  // Where to bind: short, and without characters that mean something in an address.
  const std::string& bind_path() const { return bind_path_; }
  // The socket at bind_path() listens: it takes the place of a dead one. Errors as of Claim; the socket is gone then.
  absl::Status Publish();

  // Whether somebody has removed or replaced what was published; false also where that cannot be seen.
  bool IsLost() const;

  // Gives what was published to the group, which may do nothing with it yet. FAILED_PRECONDITION LISTEN_FAILED where
  // this account may not.
  absl::Status GiveTo(gid_t group);
  // Whether the group may pass the socket's folder; of those above it nothing is known.
  bool IsInReachOf(gid_t group) const;
  // Lets that group connect: mode 0660. Of a socket whose path was taken, nothing changes. LISTEN_FAILED.
  absl::Status OpenToGroup();

 private:
  SocketPlace(std::string path, FileDescriptor folder);

  // A name of the published socket for calls that take a path: invalid where the path names another.
  FileDescriptor Published() const;

  const std::string path_, name_;
  const FileDescriptor folder_;  // names are looked up in it, wherever it is moved
  const std::string new_name_, bind_path_;
  bool published_ = false;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace sumscope::host

#endif  // SUMSCOPE_SERVER_HOST_SOCKET_PLACE_H_

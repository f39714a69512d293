#include "server/host/socket_place.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/process/unix_connect.h"

namespace sumscope::host {
namespace {

constexpr int kPublishTries = 8;  // against others who start and stop at the same path

absl::Status Impossible(const std::string& path, const std::string& why) {
  return MakeError(absl::StatusCode::kFailedPrecondition, "SOCKET_NOT_POSSIBLE",
                   absl::StrCat("cannot make the socket ", path, ": ", why));
}

std::string InFolder(int folder, const std::string& name) { return absl::StrCat("/proc/self/fd/", folder, "/", name); }

// OK with `*stale` for nothing there or a socket that nobody holds; an error for all that must not be replaced.
absl::Status LookAt(const std::string& path, int folder, const std::string& name, struct stat* stale) {
  *stale = {};
  if (fstatat(folder, name.c_str(), stale, AT_SYMLINK_NOFOLLOW) != 0) {
    return errno == ENOENT ? absl::OkStatus() : Impossible(path, std::strerror(errno));
  }
  if (!S_ISSOCK(stale->st_mode)) return Impossible(path, "something that is no socket lies there");
  switch (const int error = TryConnect(InFolder(folder, name))) {
    case ECONNREFUSED:
    case ENOENT:
      return absl::OkStatus();
    case 0:
    case EAGAIN:  // too busy to answer
      return MakeError(absl::StatusCode::kAlreadyExists, "SOCKET_IN_USE",
                       absl::StrCat("another server listens on ", path, "; stop it, or give another with --listen"));
    case EPROTOTYPE:
      return Impossible(path, "another program's socket, of another kind, lives there");
    default:
      return Impossible(path, absl::StrCat("the socket that lies there: ", std::strerror(error)));
  }
}

// Removes the name if it still names `stale`: what somebody put there meanwhile is put back.
void RemoveStale(int folder, const std::string& name, const std::string& trash, const struct stat& stale) {
  if (renameat(folder, name.c_str(), folder, trash.c_str()) != 0) return;
  struct stat taken = {};
  const bool same = fstatat(folder, trash.c_str(), &taken, AT_SYMLINK_NOFOLLOW) == 0 && taken.st_dev == stale.st_dev &&
                    taken.st_ino == stale.st_ino;
  if (same || renameat2(folder, trash.c_str(), folder, name.c_str(), RENAME_NOREPLACE) != 0) {
    unlinkat(folder, trash.c_str(), 0);
  }
}

std::string NewName() {
  static std::atomic<int> made = 0;
  return absl::StrCat(".sumscope-", getpid(), "-", made++);
}

}  // namespace

SocketPlace::SocketPlace(std::string path, FileDescriptor folder)
    : path_(std::move(path)),
      name_(path_.substr(path_.rfind('/') + 1)),
      folder_(std::move(folder)),
      new_name_(NewName()),
      bind_path_(InFolder(folder_.get(), new_name_)) {}

absl::StatusOr<std::unique_ptr<SocketPlace>> SocketPlace::Claim(const std::string& path) {
  if (path.size() >= sizeof(sockaddr_un::sun_path)) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "SOCKET_PATH_TOO_LONG",
                     absl::StrCat("socket path ", path, " is longer than ", sizeof(sockaddr_un::sun_path) - 1,
                                  " bytes; give a shorter one with --listen unix:/path"));
  }
  if (absl::StrContains(path, ',')) return Impossible(path, "gRPC takes a ',' for the end of an address");
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos || slash + 1 == path.size()) return Impossible(path, "it does not name a file");
  const std::string folder = path.substr(0, slash == 0 ? 1 : slash);
  FileDescriptor descriptor(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!descriptor.valid()) return Impossible(path, absl::StrCat("its folder: ", std::strerror(errno)));
  std::unique_ptr<SocketPlace> place(new SocketPlace(path, std::move(descriptor)));
  if (access(folder.c_str(), W_OK | X_OK) != 0) return Impossible(path, std::strerror(errno));
  struct stat stale;
  SUMSCOPE_RETURN_IF_ERROR(LookAt(path, place->folder_.get(), place->name_, &stale));
  return place;
}

absl::Status SocketPlace::Publish() {
  struct stat ours = {};
  if (fstatat(folder_.get(), new_name_.c_str(), &ours, AT_SYMLINK_NOFOLLOW) != 0) {
    return Impossible(path_, std::strerror(errno));
  }
  device_ = ours.st_dev;
  inode_ = ours.st_ino;
  for (int i = 0; i < kPublishTries; ++i) {
    if (renameat2(folder_.get(), new_name_.c_str(), folder_.get(), name_.c_str(), RENAME_NOREPLACE) == 0) {
      published_ = true;
      return absl::OkStatus();
    }
    if (errno != EEXIST) return Impossible(path_, std::strerror(errno));
    struct stat stale;
    SUMSCOPE_RETURN_IF_ERROR(LookAt(path_, folder_.get(), name_, &stale));
    if (stale.st_ino != 0) RemoveStale(folder_.get(), name_, new_name_ + "-old", stale);
  }
  return Impossible(path_, "others come and go there");
}

FileDescriptor SocketPlace::Published() const {
  FileDescriptor file(openat(folder_.get(), name_.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat there = {};
  const bool ours =
      published_ && file.valid() && fstat(file.get(), &there) == 0 && there.st_dev == device_ && there.st_ino == inode_;
  return ours ? std::move(file) : FileDescriptor();
}

bool SocketPlace::IsLost() const {
  struct stat there = {};
  if (!published_) return false;
  if (fstatat(folder_.get(), name_.c_str(), &there, AT_SYMLINK_NOFOLLOW) != 0) return errno == ENOENT;
  return there.st_dev != device_ || there.st_ino != inode_;
}

absl::Status SocketPlace::GiveTo(gid_t group) {
  const FileDescriptor file = Published();
  if (!file.valid() || fchownat(file.get(), "", -1, group, AT_EMPTY_PATH) == 0) return absl::OkStatus();
  return MakeError(absl::StatusCode::kFailedPrecondition, "LISTEN_FAILED",
                   absl::StrCat("cannot give the socket ", path_, " to the group ", group, ": ", std::strerror(errno),
                                "; the server's account must be a member of it"));
}

bool SocketPlace::IsInReachOf(gid_t group) const {
  struct stat folder = {};
  if (fstat(folder_.get(), &folder) != 0) return false;
  return (folder.st_mode & (folder.st_gid == group ? S_IXGRP : S_IXOTH)) != 0;
}

absl::Status SocketPlace::OpenToGroup() {
  const FileDescriptor file = Published();
  if (!file.valid() || chmod(absl::StrCat("/proc/self/fd/", file.get()).c_str(), 0660) == 0) return absl::OkStatus();
  return MakeError(absl::StatusCode::kFailedPrecondition, "LISTEN_FAILED",
                   absl::StrCat("cannot open the socket ", path_, " to its group: ", std::strerror(errno)));
}

SocketPlace::~SocketPlace() {
  struct stat there = {};
  const std::string& name = published_ ? name_ : new_name_;
  if (fstatat(folder_.get(), name.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0 && there.st_dev == device_ &&
      there.st_ino == inode_) {
    unlinkat(folder_.get(), name.c_str(), 0);
  }
}

}  // namespace sumscope::host

#include "client/files/output_place.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"

namespace sumscope::client {
namespace {

constexpr int kMaxLinks = 40;  // as many as the kernel follows

// "" for a folder that is not there.
std::string RealFolder(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  char real[PATH_MAX];
  return realpath(folder.c_str(), real) == nullptr ? "" : real;
}

// N, where `path` is /proc/PID/fd/N of this process: such a link names an open file, not a path.
std::optional<int> DescriptorOf(const std::string& path) {
  int number = 0;
  if (!absl::SimpleAtoi(path.substr(path.rfind('/') + 1), &number)) return std::nullopt;
  if (RealFolder(path) != absl::StrCat("/proc/", getpid(), "/fd")) return std::nullopt;
  return number;
}

// Where the symbolic link `path` leads; nullopt for what is none.
std::optional<std::string> LinkOf(const std::string& path) {
  char target[PATH_MAX];
  const ssize_t size = readlink(path.c_str(), target, sizeof(target));
  if (size < 0) return std::nullopt;
  const std::string text(target, static_cast<size_t>(size));
  const size_t slash = path.rfind('/');
  if (absl::StartsWith(text, "/") || slash == std::string::npos) return text;
  return absl::StrCat(path.substr(0, slash + 1), text);
}

absl::Status CopyInto(const OutputPlace& place, int from) {
  const FileDescriptor to(open(place.path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!to.valid()) return OutputFailed(place.path, std::strerror(errno));
  std::string buffer(limits::kMaxChunkBytes, '\0');
  absl::Status status;
  off_t copied = 0;
  while (status.ok()) {
    const ssize_t got = pread(from, buffer.data(), buffer.size(), copied);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) status = OutputFailed(place.path, std::strerror(errno));
    if (got <= 0) break;
    status = WriteAll(to.get(), absl::string_view(buffer.data(), static_cast<size_t>(got)), place.path);
    copied += got;
  }
  if (status.ok() && (ftruncate(to.get(), copied) != 0 || fsync(to.get()) != 0)) {
    status = OutputFailed(place.path, std::strerror(errno));
  }
  return status;
}

}  // namespace

absl::Status OutputFailed(absl::string_view where, absl::string_view why) {
  return MakeError(absl::StatusCode::kInternal, "OUTPUT_FAILED", absl::StrCat("cannot write ", where, ": ", why));
}

absl::Status WriteAll(int descriptor, absl::string_view bytes, absl::string_view path) {
  while (!bytes.empty()) {
    const ssize_t written = write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return OutputFailed(path, std::strerror(errno));
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

absl::StatusOr<OutputPlace> FindOutputPlace(const std::string& path) {
  OutputPlace place;
  place.path = path;
  for (int links = 0;; ++links) {
    place.descriptor = DescriptorOf(place.path);
    if (place.descriptor) {
      place.plain = true;
      return place;
    }
    const std::optional<std::string> target = LinkOf(place.path);
    if (!target) break;
    if (links == kMaxLinks) return OutputFailed(path, std::strerror(ELOOP));
    place.path = *target;
  }
  struct stat existing = {};
  if (stat(place.path.c_str(), &existing) != 0) return place;  // a new file; making it says what is wrong
  if (S_ISDIR(existing.st_mode)) return OutputFailed(path, "it is a directory");
  place.plain = !S_ISREG(existing.st_mode);
  if (access(place.path.c_str(), W_OK) != 0) return OutputFailed(path, std::strerror(errno));
  place.mode = existing.st_mode & 07777;
  place.owner = existing.st_uid;
  place.group = existing.st_gid;
  place.has_other_names = existing.st_nlink > 1;
  return place;
}

absl::StatusOr<FileDescriptor> OpenPlain(const OutputPlace& place, Sleeper* sleeper) {
  constexpr absl::Duration kPatience = absl::Seconds(30), kStep = absl::Milliseconds(100);
  if (place.descriptor) {
    FileDescriptor copy(fcntl(*place.descriptor, F_DUPFD_CLOEXEC, 0));
    if (!copy.valid()) return OutputFailed(place.path, std::strerror(errno));
    return copy;
  }
  struct stat existing = {};
  const bool pipe = stat(place.path.c_str(), &existing) == 0 && S_ISFIFO(existing.st_mode);
  FileDescriptor descriptor;
  // Opening a pipe that has no reader would hang, deaf to Ctrl-C.
  for (absl::Duration slept; !descriptor.valid(); slept += kStep) {
    descriptor = FileDescriptor(open(place.path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    if (descriptor.valid()) break;
    if (!pipe || errno != ENXIO) return OutputFailed(place.path, std::strerror(errno));
    if (slept >= kPatience) return OutputFailed(place.path, "nobody reads this pipe");
    sleeper->Sleep(kStep);
  }
  fcntl(descriptor.get(), F_SETFL, fcntl(descriptor.get(), F_GETFL) & ~O_NONBLOCK);
  return descriptor;
}

absl::Status PutInPlace(const OutputPlace& place, int descriptor, const std::string& temporary) {
  if (place.has_other_names) {
    SUMSCOPE_RETURN_IF_ERROR(CopyInto(place, descriptor));
    unlink(temporary.c_str());
    return absl::OkStatus();
  }
  if (place.mode) {
    // Only root may give a file away; where that fails it is the writer's, as any new file is.
    const bool given = fchown(descriptor, place.owner, place.group) == 0;
    const mode_t mode = given ? *place.mode : *place.mode & 0777;
    if (fchmod(descriptor, mode) != 0) return OutputFailed(place.path, std::strerror(errno));
  }
  if (fsync(descriptor) != 0 || std::rename(temporary.c_str(), place.path.c_str()) != 0) {
    return OutputFailed(place.path, std::strerror(errno));
  }
  return absl::OkStatus();
}

}  // namespace sumscope::client

#include "client/files/private_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/process/file_descriptor.h"

namespace sumscope::client {
namespace {

absl::Status Unusable(const std::string& path, const SecretKind& kind, absl::string_view why) {
  return MakeError(absl::StatusCode::kInvalidArgument, absl::StrCat(kind.reason, "_INVALID"),
                   absl::StrCat("the ", kind.what, " ", path, " cannot be used: ", why));
}

absl::Status OpenToOthers(const std::string& path, const SecretKind& kind, absl::string_view who) {
  return MakeError(absl::StatusCode::kUnauthenticated, absl::StrCat(kind.reason, "_OPEN_TO_OTHERS"),
                   absl::StrCat("the ", kind.what, " ", path, " is ", who,
                                "; it must be yours alone: chmod 600 it, and replace what it holds if others are on "
                                "this machine"));
}

}  // namespace

absl::StatusOr<std::string> ReadPrivateFile(const std::string& path, const SecretKind& kind) {
  // Not held up by a pipe; what was opened is what is looked at and read.
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file.valid()) return Unusable(path, kind, std::strerror(errno));
  struct stat about = {};
  if (fstat(file.get(), &about) != 0) return Unusable(path, kind, std::strerror(errno));
  if (S_ISDIR(about.st_mode)) return Unusable(path, kind, "it is a directory");
  if (!S_ISREG(about.st_mode)) return Unusable(path, kind, "it is no regular file");
  if (about.st_uid != geteuid() && about.st_uid != 0) return OpenToOthers(path, kind, "another user's");
  if ((about.st_mode & 077) != 0) {
    return OpenToOthers(path, kind,
                        absl::StrCat("open to others (mode 0", absl::Hex((about.st_mode >> 6) & 7),
                                     absl::Hex((about.st_mode >> 3) & 7), absl::Hex(about.st_mode & 7), ")"));
  }
  std::string bytes(kind.max_bytes + 1, '\0');
  size_t size = 0;
  while (size < bytes.size()) {
    const ssize_t got = read(file.get(), bytes.data() + size, bytes.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Unusable(path, kind, std::strerror(errno));
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  if (size == 0) return Unusable(path, kind, "it is empty");
  if (size > kind.max_bytes) {
    return Unusable(path, kind, absl::StrCat("it has more than ", kind.max_bytes, " bytes"));
  }
  bytes.resize(size);
  return bytes;
}

bool CanBeToken(absl::string_view token) {
  return !token.empty() && token.size() <= kTokenFile.max_bytes && std::all_of(token.begin(), token.end(), [](char c) {
    return absl::ascii_isgraph(static_cast<unsigned char>(c));
  });
}

absl::StatusOr<std::string> ReadToken(const std::string& path) {
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string text, ReadPrivateFile(path, kTokenFile));
  const absl::string_view token = absl::StripAsciiWhitespace(text);
  if (token.empty()) return Unusable(path, kTokenFile, "it is empty");
  if (!CanBeToken(token)) return Unusable(path, kTokenFile, "it holds more than one line of printable characters");
  return std::string(token);
}

}  // namespace sumscope::client

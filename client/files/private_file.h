#ifndef SUMSCOPE_CLIENT_FILES_PRIVATE_FILE_H_
#define SUMSCOPE_CLIENT_FILES_PRIVATE_FILE_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace sumscope::client {

// A kind of file that holds a secret.
struct SecretKind {
  absl::string_view what;    // "token file", for messages
  absl::string_view reason;  // TOKEN_FILE
  size_t max_bytes;
};
inline constexpr SecretKind kTokenFile = {"token file", "TOKEN_FILE", 1024};
inline constexpr SecretKind kKeyFile = {"private key", "KEY_FILE", size_t{64} << 10};

// All of a regular file of this user's (or root's) that nobody else may read or write. INVALID_ARGUMENT
// <reason>_INVALID where it is none, is empty or too long; UNAUTHENTICATED <reason>_OPEN_TO_OTHERS. No message has a
// byte of it.
absl::StatusOr<std::string> ReadPrivateFile(const std::string& path, const SecretKind& kind);

// The token that a private file holds: one line of printable characters without blanks. TOKEN_FILE_INVALID,
// TOKEN_FILE_OPEN_TO_OTHERS.
absl::StatusOr<std::string> ReadToken(const std::string& path);
// Whether `token` can be one: not empty, at most 1 KiB, printable, without blanks.
bool CanBeToken(absl::string_view token);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_FILES_PRIVATE_FILE_H_

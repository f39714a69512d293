#ifndef SUMSCOPE_PROTO_CONTRACT_TEXT_TOKEN_SEAL_H_
#define SUMSCOPE_PROTO_CONTRACT_TEXT_TOKEN_SEAL_H_

#include <cstddef>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace sumscope {

// Makes texts that clients hand back: nobody without the key reads or makes one (AES-256 under a synthetic IV,
// OpenSSL). The same text is sealed to the same token. Thread-safe.
class TokenSeal {
 public:
  static constexpr size_t kKeySize = 32;

  // `key`: random bytes.
  explicit TokenSeal(absl::string_view key);
  // With a key that nobody else has.
  static TokenSeal Random();

  // In web-safe base64, 16 bytes longer than `text`. `purpose`: what the token is for; another's does not open.
  std::string Seal(absl::string_view purpose, absl::string_view text) const;
  // The text, nothing for a token that Seal did not give for `purpose`.
  std::optional<std::string> Open(absl::string_view purpose, absl::string_view token) const;

 private:
  std::string mac_key_;
  std::string cipher_key_;
};

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_TEXT_TOKEN_SEAL_H_

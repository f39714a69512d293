#ifndef SUMSCOPE_PROTO_CONTRACT_TEXT_SHA256_H_
#define SUMSCOPE_PROTO_CONTRACT_TEXT_SHA256_H_

#include <memory>
#include <string>

#include "absl/strings/string_view.h"

namespace sumscope {

// Incremental SHA-256 (OpenSSL). Thread-compatible.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  void Update(absl::string_view bytes);
  // 64 lower-case hex digits. Call once.
  std::string HexDigest();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Lower-case hex digest of `bytes`.
std::string Sha256Hex(absl::string_view bytes);

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_TEXT_SHA256_H_

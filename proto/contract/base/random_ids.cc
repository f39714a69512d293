#include "proto/contract/base/random_ids.h"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"

namespace sumscope {
namespace {

// Crockford's alphabet, lower case: no i, l, o, u, which people misread.
constexpr char kBase32[] = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr char kHex[] = "0123456789abcdef";
constexpr int kIdCharacters = 7;

template <size_t kSize>
std::array<uint8_t, kSize> RandomBytes() {
  static_assert(kSize <= 256, "getrandom gives up to 256 bytes in one piece");
  std::array<uint8_t, kSize> bytes;
  ssize_t got;
  do {
    got = getrandom(bytes.data(), kSize, 0);
  } while (got < 0 && errno == EINTR);
  if (got != static_cast<ssize_t>(kSize)) std::abort();  // an id from anything weaker could collide
  return bytes;
}

class RealIdSource final : public IdSource {
 public:
  std::string NewId(char prefix) override {
    std::string id(1, prefix);
    for (const uint8_t byte : RandomBytes<kIdCharacters>()) id += kBase32[byte & 31];
    return id;
  }

  std::string NewUuid() override {
    std::array<uint8_t, 16> bytes = RandomBytes<16>();
    bytes[6] = (bytes[6] & 0x0f) | 0x40;  // version 4
    bytes[8] = (bytes[8] & 0x3f) | 0x80;  // variant of RFC 4122
    std::string uuid;
    for (size_t i = 0; i < bytes.size(); ++i) {
      if (i == 4 || i == 6 || i == 8 || i == 10) uuid += '-';
      uuid += kHex[bytes[i] >> 4];
      uuid += kHex[bytes[i] & 15];
    }
    return uuid;
  }

  std::string NewSecret() override {
    const std::array<uint8_t, 32> bytes = RandomBytes<32>();
    return absl::WebSafeBase64Escape(
        absl::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));  // which pads nothing
  }
};

}  // namespace

IdSource* IdSource::Real() {
  static auto* const source = new RealIdSource;
  return source;
}

}  // namespace sumscope

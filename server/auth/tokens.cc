#include "server/auth/tokens.h"

#include <openssl/crypto.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/limits.h"
#include "proto/contract/text/sha256.h"
#include "server/auth/refusal.h"

namespace sumscope::auth {
namespace {

constexpr absl::string_view kScheme = "Bearer ";
constexpr absl::string_view kPrefix = "sst_";
constexpr size_t kIdLength = 8;
constexpr size_t kSecretLength = 43;
constexpr size_t kTokenLength = kPrefix.size() + kIdLength + 1 + kSecretLength;

bool IsBase64Url(char c) { return absl::ascii_isalnum(c) || c == '-' || c == '_'; }

bool IsToken(absl::string_view text) {
  if (text.size() != kTokenLength || !absl::StartsWith(text, kPrefix)) return false;
  const absl::string_view id = text.substr(kPrefix.size(), kIdLength);
  const absl::string_view secret = text.substr(text.size() - kSecretLength);
  const auto in_id = [](char c) { return absl::ascii_islower(c) || absl::ascii_isdigit(c); };
  return id[0] == 't' && std::all_of(id.begin(), id.end(), in_id) && text[kPrefix.size() + kIdLength] == '_' &&
         std::all_of(secret.begin(), secret.end(), IsBase64Url);
}

}  // namespace

std::string InUtc(absl::Time time) { return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone()); }

NewToken MakeToken(IdSource* ids) {
  NewToken token;
  token.id = ids->NewId('t');
  token.text = absl::StrCat(kPrefix, token.id, "_", ids->NewSecret());
  return token;
}

absl::StatusOr<std::string> TokenInHeader(absl::string_view header) {
  if (absl::StartsWithIgnoreCase(header, kScheme) && IsToken(header.substr(kScheme.size()))) {
    return std::string(header.substr(kScheme.size()));
  }
  return Unauthenticated(
      "TOKEN_MALFORMED",
      absl::StrCat("that is no token: expected all ", kTokenLength,
                   " characters of sst_.., as `sumscope token create` showed them (in a call of the API: in the header "
                   "authorization, behind \"Bearer \")"));
}

std::string TokenIdOf(absl::string_view text) { return std::string(text.substr(kPrefix.size(), kIdLength)); }

std::string TokenDigest(absl::string_view text) { return absl::HexStringToBytes(Sha256Hex(text)); }

bool SameDigest(absl::string_view a, absl::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

absl::Status CheckToken(const storage::StoredToken& token, absl::Time now) {
  if (token.revoke_time.has_value()) {
    return Unauthenticated("TOKEN_REVOKED", absl::StrCat("the token was revoked; ", kAskForToken));
  }
  if (now >= token.expire_time) {
    return Unauthenticated("TOKEN_EXPIRED",
                           absl::StrCat("the token expired at ", InUtc(token.expire_time), "; ", kAskForToken));
  }
  if (now + limits::kTokenStartTolerance < token.create_time) {
    return Unauthenticated("TOKEN_NOT_YET_VALID", absl::StrCat("the token begins at ", InUtc(token.create_time),
                                                               ", and the server's clock is at ", InUtc(now),
                                                               ": it went back; ask who runs the server to set it"));
  }
  return absl::OkStatus();
}

}  // namespace sumscope::auth

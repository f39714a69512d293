#ifndef SUMSCOPE_SERVER_AUTH_TOKENS_H_
#define SUMSCOPE_SERVER_AUTH_TOKENS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "proto/contract/base/random_ids.h"
#include "storage/catalog/users.h"

namespace sumscope::auth {

// The text of a token is sst_{id}_{secret}: t and 7 of base32, by which its row is found, and 32 random bytes as 43
// characters of base64url. Only the SHA-256 of the whole text is kept.
struct NewToken {
  std::string id, text;
};
NewToken MakeToken(IdSource* ids);

// The text in a header "Bearer {text}", of the form of a token. UNAUTHENTICATED TOKEN_MALFORMED.
absl::StatusOr<std::string> TokenInHeader(absl::string_view header);
// The id in a text of that form.
std::string TokenIdOf(absl::string_view text);

// SHA-256 of the whole text, 32 bytes.
std::string TokenDigest(absl::string_view text);
// Takes as long whatever differs.
bool SameDigest(absl::string_view a, absl::string_view b);

// What to do without a good token.
inline constexpr absl::string_view kAskForToken =
    "ask an admin for a token (`sumscope token create laptop --user NAME`), then `sumscope login`";
// 2026-11-30T12:00:00Z
std::string InUtc(absl::Time time);

// Whether a token whose holder knows the secret is good at `now`. UNAUTHENTICATED TOKEN_REVOKED, TOKEN_EXPIRED; and
// TOKEN_NOT_YET_VALID when the clock went back to before its start, by more than limits::kTokenStartTolerance.
absl::Status CheckToken(const storage::StoredToken& token, absl::Time now);

}  // namespace sumscope::auth

#endif  // SUMSCOPE_SERVER_AUTH_TOKENS_H_

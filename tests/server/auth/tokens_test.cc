#include "server/auth/tokens.h"

#include <regex>

#include "tests/server/auth/auth_fixture.h"

namespace sumscope::auth {
namespace {

TEST(Tokens_Test, MadeThenOfTheFormAndReadBack) {
  const NewToken token = MakeToken(IdSource::Real());
  EXPECT_TRUE(std::regex_match(token.text, std::regex("sst_t[0-9a-z]{7}_[A-Za-z0-9_-]{43}"))) << token.text;
  EXPECT_EQ(TokenInHeader("Bearer " + token.text).value(), token.text);
  EXPECT_EQ(TokenIdOf(token.text), token.id);
  EXPECT_NE(MakeToken(IdSource::Real()).text, token.text);
}

TEST(Tokens_Test, DigestThenSha256OfTheWholeText) {
  // printf %s abc | sha256sum
  EXPECT_EQ(TokenDigest("abc").substr(0, 4), "\xba\x78\x16\xbf");
  EXPECT_EQ(TokenDigest("abc").size(), 32u);
  EXPECT_TRUE(SameDigest(TokenDigest("abc"), TokenDigest("abc")));
  EXPECT_FALSE(SameDigest(TokenDigest("abc"), TokenDigest("abd")));
  EXPECT_FALSE(SameDigest(TokenDigest("abc"), ""));
}

TEST(Tokens_Test, RevokedAndExpiredThenRevokedIsSaid) {
  storage::StoredToken token;
  token.create_time = absl::FromUnixSeconds(1000);
  token.expire_time = absl::FromUnixSeconds(2000);
  EXPECT_TRUE(CheckToken(token, absl::FromUnixSeconds(1000)).ok());
  EXPECT_TRUE(CheckToken(token, absl::FromUnixSeconds(1999)).ok());
  EXPECT_TRUE(CheckToken(token, absl::FromUnixSeconds(940)).ok());
  EXPECT_EQ(ReasonOf(CheckToken(token, absl::FromUnixSeconds(939))), "TOKEN_NOT_YET_VALID");
  EXPECT_EQ(ReasonOf(CheckToken(token, absl::FromUnixSeconds(2000))), "TOKEN_EXPIRED");
  token.revoke_time = absl::FromUnixSeconds(1500);
  EXPECT_EQ(ReasonOf(CheckToken(token, absl::FromUnixSeconds(2000))), "TOKEN_REVOKED");
}

}  // namespace
}  // namespace sumscope::auth

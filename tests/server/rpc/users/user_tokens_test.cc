#include <gmock/gmock.h>

#include "proto/contract/base/timestamp.h"
#include "proto/contract/limits.h"
#include "proto/contract/names/resource_names.h"
#include "tests/server/rpc/users/users_fixture.h"

namespace sumscope::rpc {
namespace {

class UserTokens_Test : public UsersFixture {
 protected:
  void SetUp() override {
    UsersFixture::SetUp();
    EXPECT_EQ(Create(UserToBe("ada", v1::MEMBER, {1001})), "OK");
    EXPECT_EQ(Create(UserToBe("vic", v1::VIEWER, {1003})), "OK");
  }
  const As ada_{1001}, vic_{1003};
};

TEST_F(UserTokens_Test, MadeThenItsTextLetsItsUserIn) {
  EXPECT_EQ(MakeToken(ada_), "OK");
  EXPECT_EQ(token_.token().display_name(), "laptop");
  EXPECT_EQ(ToTime(token_.token().create_time()), clock_.Now());
  EXPECT_EQ(ToTime(token_.token().expire_time()), clock_.Now() + absl::Hours(24 * 90));
  const As by_token(token_.secret());
  EXPECT_EQ(WhoAmI(by_token), "OK");
  EXPECT_EQ(caller_.user(), "users/ada");
  EXPECT_EQ(caller_.role(), v1::MEMBER);
  EXPECT_EQ(caller_.credential(), "token laptop");
  EXPECT_EQ(caller_.address(), "192.0.2.7");
  EXPECT_EQ(ToTime(caller_.expire_time()), ToTime(token_.token().expire_time()));
  authenticator_->FlushTokenUses();
  EXPECT_EQ(ListTokens(by_token), "OK");
  ASSERT_EQ(tokens_.tokens_size(), 1);
  EXPECT_EQ(tokens_.tokens(0).name(), token_.token().name());
  EXPECT_EQ(ToTime(tokens_.tokens(0).last_use_time()), clock_.Now());
}

TEST_F(UserTokens_Test, ListedThenTheNewestFirstAndWithoutSecrets) {
  std::vector<std::string> secrets;
  for (const char* name : {"one", "two", "three"}) {
    EXPECT_EQ(MakeToken(ada_, "users/ada", name, 1), "OK");
    secrets.push_back(token_.secret());
  }
  EXPECT_EQ(ListTokens(ada_, "users/ada"), "OK");
  ASSERT_EQ(tokens_.tokens_size(), 3);
  EXPECT_EQ(tokens_.tokens(0).display_name(), "three");
  EXPECT_EQ(tokens_.tokens(2).display_name(), "one");
  for (const std::string& secret : secrets) {
    EXPECT_EQ(tokens_.DebugString().find(secret.substr(13)), std::string::npos);
    for (const std::string& row : Audit()) EXPECT_EQ(row.find(secret.substr(13)), std::string::npos);
  }
}

TEST_F(UserTokens_Test, RevokedThenOutAtOnceAndTheFirstTimeStays) {
  EXPECT_EQ(MakeToken(ada_), "OK");
  const As by_token(token_.secret());
  EXPECT_EQ(Revoke(by_token, token_.token().name()), "OK");
  const absl::Time when = clock_.Now();
  EXPECT_EQ(ToTime(revoked_.revoke_time()), when);
  EXPECT_EQ(WhoAmI(by_token), "TOKEN_REVOKED");
  clock_.Pass(absl::Hours(1));
  EXPECT_EQ(Revoke(Lab(), token_.token().name()), "OK");
  EXPECT_EQ(ToTime(revoked_.revoke_time()), when);
}

TEST_F(UserTokens_Test, AnothersThenOnlyAdminsMay) {
  EXPECT_EQ(MakeToken(ada_), "OK");
  const std::string name = token_.token().name();
  EXPECT_EQ(MakeToken(vic_, "users/ada"), "NOT_OWNER");
  EXPECT_EQ(ListTokens(vic_, "users/ada"), "NOT_OWNER");
  EXPECT_EQ(ListTokens(vic_, "users/nobody"), "NOT_OWNER");
  EXPECT_EQ(Revoke(vic_, name), "NOT_OWNER");
  EXPECT_EQ(Revoke(vic_, TokenName("vic", IdOf(name))), "TOKEN_NOT_FOUND");  // ada's, under a name of vic's
  EXPECT_EQ(WhoAmI(As(token_.secret())), "OK");
  EXPECT_EQ(MakeToken(vic_), "OK");  // viewers have tokens too
  EXPECT_EQ(MakeToken(Lab(), "users/ada"), "OK");
  EXPECT_EQ(ListTokens(Lab(), "users/ada"), "OK");
  EXPECT_EQ(tokens_.tokens_size(), 2);
  EXPECT_EQ(Revoke(Lab(), name), "OK");
}

// A token could make tokens for ever, each longer than the one before.
TEST_F(UserTokens_Test, MadeByATokenThenEndsWithItAtTheLatest) {
  EXPECT_EQ(MakeToken(ada_, "", "laptop", 7), "OK");
  const absl::Time end = ToTime(token_.token().expire_time());
  const As by_token(token_.secret());
  clock_.Pass(absl::Hours(24));
  EXPECT_EQ(MakeToken(by_token, "", "child", 366), "OK");
  EXPECT_EQ(ToTime(token_.token().expire_time()), end);
  EXPECT_EQ(MakeToken(by_token, "", "child", 1), "OK");
  EXPECT_EQ(ToTime(token_.token().expire_time()), clock_.Now() + absl::Hours(24));
}

TEST_F(UserTokens_Test, NameLifetimeOrUserIsWrongThenRefused) {
  for (const std::string& name : {std::string(), std::string("a\nb"), std::string(65, 'a'), std::string(10'000, 'a'),
                                  std::string("\u202e"), std::string("sst_t0000000_secret"), std::string("my sst_")}) {
    EXPECT_EQ(MakeToken(ada_, "", name), "TOKEN_NAME_INVALID") << name;
  }
  EXPECT_EQ(MakeToken(ada_, "", "laptop", 367), "TOKEN_LIFETIME_INVALID");
  EXPECT_EQ(MakeToken(ada_, "", "laptop", 4294967295), "TOKEN_LIFETIME_INVALID");
  EXPECT_EQ(MakeToken(ada_, "", std::string(64, 'a'), 366), "OK");
  EXPECT_EQ(MakeToken(Lab(), "users/nobody"), "USER_NOT_FOUND");
  EXPECT_EQ(MakeToken(Lab()), "USER_NOT_FOUND");  // the server's own account has no row
  EXPECT_EQ(ListTokens(Lab(), "users/nobody"), "USER_NOT_FOUND");
  EXPECT_EQ(ListTokens(Lab()), "OK");
  EXPECT_EQ(tokens_.tokens_size(), 0);
  EXPECT_EQ(MakeToken(Lab(), "ada"), "RESOURCE_NAME_INVALID");
  EXPECT_EQ(Revoke(Lab(), "users/ada/tokens/t0000000"), "TOKEN_NOT_FOUND");
  EXPECT_EQ(Revoke(Lab(), "users/ada"), "RESOURCE_NAME_INVALID");
}

TEST_F(UserTokens_Test, AsManyAsMayBeAliveThenRefusedUntilOneIsNot) {
  for (uint64_t i = 0; i < limits::kMaxTokens; ++i) EXPECT_EQ(MakeToken(ada_, "", "laptop", 1), "OK");
  EXPECT_EQ(MakeToken(ada_), "TOO_MANY_TOKENS");
  EXPECT_EQ(MakeToken(vic_), "OK");
  EXPECT_EQ(ListTokens(ada_), "OK");
  EXPECT_EQ(Revoke(ada_, tokens_.tokens(0).name()), "OK");
  EXPECT_EQ(MakeToken(ada_, "", "laptop", 1), "OK");
  EXPECT_EQ(MakeToken(ada_), "TOO_MANY_TOKENS");
  clock_.Pass(absl::Hours(24));
  EXPECT_EQ(MakeToken(ada_), "OK");
}

}  // namespace
}  // namespace sumscope::rpc

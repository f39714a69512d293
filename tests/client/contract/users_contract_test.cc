// What clients rely on in calls about users and tokens.
#include <gmock/gmock.h>

#include "absl/strings/match.h"
#include "proto/contract/errors/errors.h"
#include "sumscope/v1/users.grpc.pb.h"
#include "tests/client/contract/server_under_test.h"

namespace sumscope::client {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using UserStub = v1::UserService::Stub;

class UsersContract_Test : public ServerContractTest {
 protected:
  absl::StatusOr<v1::User> Create(const std::string& id, uint32_t uid) {
    v1::CreateUserRequest request;
    request.set_user_id(id);
    request.mutable_user()->set_role(v1::MEMBER);
    request.mutable_user()->add_local_uids(uid);
    return Call(*users_, &UserStub::CreateUser, request);
  }
  absl::StatusOr<v1::User> Update(const v1::User& user, const std::string& path) {
    v1::UpdateUserRequest request;
    *request.mutable_user() = user;
    request.mutable_update_mask()->add_paths(path);
    return Call(*users_, &UserStub::UpdateUser, request);
  }
  absl::StatusOr<v1::CreateTokenResponse> CreateToken(const std::string& user, const std::string& name) {
    v1::CreateTokenRequest request;
    request.set_parent(user);
    request.set_display_name(name);
    return Call(*users_, &UserStub::CreateToken, request);
  }
  // Every token of the user, one a page.
  std::vector<v1::Token> TokensOf(const std::string& user) {
    constexpr int kMostPages = 20;
    std::vector<v1::Token> all;
    v1::ListTokensRequest request;
    request.set_parent(user);
    request.set_page_size(1);
    for (int page = 0; page < kMostPages; ++page) {
      const auto response = Call(*users_, &UserStub::ListTokens, request);
      EXPECT_TRUE(response.ok()) << response.status();
      if (!response.ok()) return all;
      EXPECT_LE(response->tokens_size(), 1);
      all.insert(all.end(), response->tokens().begin(), response->tokens().end());
      request.set_page_token(response->next_page_token());
      if (request.page_token().empty()) return all;
    }
    ADD_FAILURE() << "the list does not end";
    return all;
  }
  static void ExpectError(const absl::Status& status, absl::StatusCode code, const std::string& reason) {
    EXPECT_EQ(status.code(), code) << status;
    EXPECT_EQ(ErrorReason(status), reason) << status;
  }

  const std::unique_ptr<UserStub> users_ = v1::UserService::NewStub(channel_);
};
SUMSCOPE_ON_EVERY_SERVER(UsersContract_Test);

TEST_P(UsersContract_Test, TheCallerIsAUserWithARoleAndAWayIn) {
  const auto caller = Call(*users_, &UserStub::GetCaller, v1::GetCallerRequest());
  ASSERT_TRUE(caller.ok()) << caller.status();
  EXPECT_THAT(caller->user(), StartsWith("users/"));
  EXPECT_EQ(caller->role(), v1::ADMIN);
}

TEST_P(UsersContract_Test, AUserIsThereOnceItIsMadeAndOnlyOnce) {
  const auto made = Create("carol", 5001);
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->name(), "users/carol");
  EXPECT_EQ(made->role(), v1::MEMBER);
  EXPECT_THAT(made->local_uids(), ElementsAre(5001));
  EXPECT_TRUE(made->has_create_time());
  EXPECT_FALSE(made->disabled());
  const auto got = Call(*users_, &UserStub::GetUser, Named<v1::GetUserRequest>("users/carol"));
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(got->SerializeAsString(), made->SerializeAsString());
  ExpectError(Create("carol", 5002).status(), absl::StatusCode::kAlreadyExists, "USER_EXISTS");
}

TEST_P(UsersContract_Test, AnUnknownUserIsNotFound) {
  ExpectError(Call(*users_, &UserStub::GetUser, Named<v1::GetUserRequest>("users/nobody")).status(),
              absl::StatusCode::kNotFound, "USER_NOT_FOUND");
  v1::User nobody;
  nobody.set_name("users/nobody");
  nobody.set_role(v1::VIEWER);
  ExpectError(Update(nobody, "role").status(), absl::StatusCode::kNotFound, "USER_NOT_FOUND");
}

TEST_P(UsersContract_Test, UsersAreListedByNamePageByPage) {
  uint32_t uid = 6000;
  for (const char* id : {"dan", "bob", "eve"}) ASSERT_TRUE(Create(id, ++uid).ok());
  std::vector<std::string> names;
  v1::ListUsersRequest request;
  request.set_page_size(1);
  do {
    const auto page = Call(*users_, &UserStub::ListUsers, request);
    ASSERT_TRUE(page.ok()) << page.status();
    ASSERT_LE(page->users_size(), 1);
    for (const v1::User& user : page->users()) names.push_back(user.name());
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  EXPECT_THAT(names, ElementsAre("users/bob", "users/dan", "users/eve"));
}

TEST_P(UsersContract_Test, WhatTheMaskNamesChangesAndTheRestStays) {
  ASSERT_TRUE(Create("carol", 5001).ok());
  v1::User change;
  change.set_name("users/carol");
  change.set_role(v1::VIEWER);
  change.add_certificate_names("carol@lab");
  change.set_disabled(true);
  auto user = Update(change, "role");
  ASSERT_TRUE(user.ok()) << user.status();
  EXPECT_EQ(user->role(), v1::VIEWER);
  EXPECT_THAT(user->local_uids(), ElementsAre(5001));
  EXPECT_THAT(user->certificate_names(), IsEmpty());
  EXPECT_FALSE(user->disabled());
  user = Update(change, "certificate_names");
  ASSERT_TRUE(user.ok()) << user.status();
  EXPECT_THAT(user->certificate_names(), ElementsAre("carol@lab"));
  user = Update(change, "local_uids");
  ASSERT_TRUE(user.ok()) << user.status();
  EXPECT_THAT(user->local_uids(), IsEmpty());
  user = Update(change, "disabled");
  ASSERT_TRUE(user.ok()) << user.status();
  EXPECT_TRUE(user->disabled());
  EXPECT_TRUE(user->has_disable_time());
  change.set_disabled(false);
  user = Update(change, "disabled");
  ASSERT_TRUE(user.ok()) << user.status();
  EXPECT_FALSE(user->has_disable_time());
  EXPECT_THAT(user->certificate_names(), ElementsAre("carol@lab"));
}

TEST_P(UsersContract_Test, ATokenIsListedWithoutItsSecretUntilItIsRevokedAndAfter) {
  ASSERT_TRUE(Create("carol", 5001).ok());
  const auto made = CreateToken("users/carol", "laptop");
  ASSERT_TRUE(made.ok()) << made.status();
  const std::string name = made->token().name(), id = name.substr(name.rfind('/') + 1);
  EXPECT_EQ(name, "users/carol/tokens/" + id);
  EXPECT_THAT(made->secret(), StartsWith("sst_" + id + "_"));
  EXPECT_EQ(made->token().expire_time().seconds() - made->token().create_time().seconds(), 90 * 86'400);
  ASSERT_TRUE(CreateToken("users/carol", "script").ok());
  std::vector<v1::Token> tokens = TokensOf("users/carol");
  ASSERT_EQ(tokens.size(), 2u);
  EXPECT_EQ(tokens[0].display_name(), "script") << "the newest first";
  EXPECT_EQ(tokens[1].SerializeAsString(), made->token().SerializeAsString());
  const auto revoked = Call(*users_, &UserStub::RevokeToken, Named<v1::RevokeTokenRequest>(name));
  ASSERT_TRUE(revoked.ok()) << revoked.status();
  EXPECT_TRUE(revoked->has_revoke_time());
  tokens = TokensOf("users/carol");
  ASSERT_EQ(tokens.size(), 2u);
  EXPECT_TRUE(tokens[1].has_revoke_time());
  EXPECT_FALSE(tokens[0].has_revoke_time());
}

TEST_P(UsersContract_Test, AnUnknownTokenIsNotFound) {
  ASSERT_TRUE(Create("carol", 5001).ok());
  ExpectError(
      Call(*users_, &UserStub::RevokeToken, Named<v1::RevokeTokenRequest>("users/carol/tokens/tnone000")).status(),
      absl::StatusCode::kNotFound, "TOKEN_NOT_FOUND");
  EXPECT_THAT(TokensOf("users/carol"), IsEmpty());
}

}  // namespace
}  // namespace sumscope::client

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "proto/contract/errors/errors.h"
#include "tests/storage/storage_backends.h"

namespace sumscope::storage {
namespace {

using testing::ElementsAre;

v1::User MakeUser(const std::string& id, v1::Role role, const std::vector<uint32_t>& uids = {},
                  const std::vector<std::string>& certificates = {}) {
  v1::User user;
  user.set_name("users/" + id);
  user.set_role(role);
  for (const uint32_t uid : uids) user.add_local_uids(uid);
  for (const std::string& name : certificates) user.add_certificate_names(name);
  user.mutable_create_time()->set_seconds(1'700'000'000);
  return user;
}

class Users_Test : public BackendTest {
 protected:
  void Insert(const v1::User& user) {
    Write([&](CatalogTransaction& transaction) { return transaction.users().Insert(user); });
  }
  std::string ReasonOfInsert(const v1::User& user) {
    return ErrorReason(
        catalog().Write([&](CatalogTransaction& transaction) { return transaction.users().Insert(user); }));
  }
  std::string ReasonOfUpdate(const v1::User& user) {
    return ErrorReason(
        catalog().Write([&](CatalogTransaction& transaction) { return transaction.users().Update(user); }));
  }
  void Read(const std::function<void(UsersReader&)>& body) {
    const absl::Status status =
        catalog().Read([&](CatalogReader& reader) { return body(reader.users()), absl::OkStatus(); });
    EXPECT_TRUE(status.ok()) << status;
  }
};
SUMSCOPE_ON_EVERY_BACKEND(Users_Test);

TEST_P(Users_Test, UserComesBackWholeByEachOfTheirNames) {
  const uint32_t largest = std::numeric_limits<uint32_t>::max();
  v1::User ada = MakeUser("ada", v1::ADMIN, {1000, largest}, {"ada.example", "ada@example.org"});
  ada.set_disabled(true);
  ada.mutable_disable_time()->set_seconds(1'700'000'100);
  Insert(ada);
  Reopen();
  Read([&](UsersReader& users) {
    for (const absl::StatusOr<std::optional<v1::User>>& found :
         {absl::StatusOr<std::optional<v1::User>>(*users.Get("ada")), users.OfUid(1000), users.OfUid(largest),
          users.OfCertificate("ada.example"), users.OfCertificate("ada@example.org")}) {
      ASSERT_TRUE(found.ok() && found->has_value()) << found.status();
      EXPECT_EQ((*found)->SerializeAsString(), ada.SerializeAsString());
    }
    EXPECT_EQ(ErrorReason(users.Get("bob").status()), "USER_NOT_FOUND");
    EXPECT_FALSE(users.OfUid(1001)->has_value());
    EXPECT_FALSE(users.OfCertificate("ADA.example")->has_value());
    EXPECT_FALSE(users.OfCertificate("")->has_value());
  });
}

TEST_P(Users_Test, NameUidOrCertificateIsTakenThenTheInsertIsRefusedWhole) {
  Insert(MakeUser("ada", v1::ADMIN, {1000}, {"ada.example"}));
  EXPECT_EQ(ReasonOfInsert(MakeUser("ada", v1::VIEWER)), "USER_EXISTS");
  EXPECT_EQ(ReasonOfInsert(MakeUser("bob", v1::VIEWER, {1001, 1000})), "UID_TAKEN");
  EXPECT_EQ(ReasonOfInsert(MakeUser("bob", v1::VIEWER, {1002}, {"bob.example", "ada.example"})), "CERTIFICATE_TAKEN");
  Read([](UsersReader& users) {
    EXPECT_EQ(*users.Count(), 1u);
    EXPECT_FALSE(users.OfUid(1001)->has_value());
    EXPECT_FALSE(users.OfCertificate("bob.example")->has_value());
    EXPECT_EQ(users.Get("ada")->role(), v1::ADMIN);
  });
}

TEST_P(Users_Test, SameUidTwiceOfOneUserThenItIsOnce) {
  Insert(MakeUser("ada", v1::ADMIN, {1000, 1000}, {"a", "a"}));
  Read([](UsersReader& users) {
    EXPECT_THAT(users.Get("ada")->local_uids(), ElementsAre(1000));
    EXPECT_THAT(users.Get("ada")->certificate_names(), ElementsAre("a"));
  });
}

TEST_P(Users_Test, NoRoleOrNoNameThenItIsNotStored) {
  EXPECT_EQ(ReasonOfInsert(MakeUser("ada", v1::ROLE_UNSPECIFIED)), "ROLE_MISSING");
  EXPECT_EQ(ReasonOfInsert(MakeUser("", v1::ADMIN)), "RESOURCE_NAME_INVALID");
  Insert(MakeUser("ada", v1::ADMIN));
  EXPECT_EQ(ReasonOfUpdate(MakeUser("ada", v1::ROLE_UNSPECIFIED)), "ROLE_MISSING");
}

TEST_P(Users_Test, UpdatedThenOldNamesAreFreeAndNewOnesHold) {
  Insert(MakeUser("ada", v1::ADMIN, {1000}, {"ada.example"}));
  Insert(MakeUser("bob", v1::MEMBER, {1001}));
  EXPECT_EQ(ReasonOfUpdate(MakeUser("eve", v1::MEMBER)), "USER_NOT_FOUND");
  EXPECT_EQ(ReasonOfUpdate(MakeUser("ada", v1::ADMIN, {1001})), "UID_TAKEN");
  EXPECT_EQ(ReasonOfUpdate(MakeUser("ada", v1::MEMBER, {1002}, {"new.example"})), "");
  EXPECT_EQ(ReasonOfUpdate(MakeUser("bob", v1::MEMBER, {1001, 1000}, {"ada.example"})), "");
  Read([](UsersReader& users) {
    EXPECT_EQ((*users.OfUid(1000))->name(), "users/bob");
    EXPECT_EQ((*users.OfCertificate("ada.example"))->name(), "users/bob");
    EXPECT_EQ(users.Get("ada")->role(), v1::MEMBER);
    EXPECT_EQ(users.Get("ada")->create_time().seconds(), 1'700'000'000);
    EXPECT_EQ((*users.OfUid(1002))->name(), "users/ada");
  });
}

TEST_P(Users_Test, AdminsAreCountedWhoCanComeIn) {
  Insert(MakeUser("by-uid", v1::ADMIN, {1000}));
  Insert(MakeUser("by-certificate", v1::ADMIN, {}, {"a"}));
  Insert(MakeUser("by-token-alone", v1::ADMIN));
  Insert(MakeUser("member", v1::MEMBER, {1001}));
  v1::User disabled = MakeUser("disabled", v1::ADMIN, {1002});
  disabled.set_disabled(true);
  Insert(disabled);
  Read([](UsersReader& users) {
    EXPECT_EQ(*users.Count(), 5u);
    EXPECT_EQ(*users.CountAdmins(), 2u);
  });
}

TEST_P(Users_Test, ListIsPagedByName) {
  for (const char* id : {"eve", "ada", "dan", "bob", "cat"}) Insert(MakeUser(id, v1::MEMBER));
  std::vector<std::string> names;
  std::string token;
  do {
    Read([&](UsersReader& users) {
      const auto page = users.List(2, token);
      ASSERT_TRUE(page.ok()) << page.status();
      for (const v1::User& user : page->users) names.push_back(user.name());
      token = page->next_page_token;
    });
  } while (!token.empty() && names.size() < 10);
  EXPECT_THAT(names, ElementsAre("users/ada", "users/bob", "users/cat", "users/dan", "users/eve"));
  Read([](UsersReader& users) { EXPECT_EQ(ErrorReason(users.List(2, "x").status()), "PAGE_TOKEN_INVALID"); });
}

class Tokens_Test : public BackendTest {
 protected:
  Tokens_Test() {
    Write([](CatalogTransaction& transaction) -> absl::Status {
      EXPECT_TRUE(transaction.users().Insert(MakeUser("ada", v1::MEMBER)).ok());
      return transaction.users().Insert(MakeUser("bob", v1::MEMBER));
    });
  }
  static absl::Time At(int second) { return absl::FromUnixSeconds(1'700'000'000 + second); }
  static StoredToken MakeToken(const std::string& id, const std::string& user, int expires = 1000) {
    StoredToken token;
    token.id = id;
    token.user = user;
    token.digest = std::string("\0\xff\n'", 4) + std::string(28, 'd');
    token.display_name = "laptop";
    token.create_time = At(0);
    token.expire_time = At(expires);
    return token;
  }
  void Read(const std::function<void(TokensReader&)>& body) {
    const absl::Status status =
        catalog().Read([&](CatalogReader& reader) { return body(reader.tokens()), absl::OkStatus(); });
    EXPECT_TRUE(status.ok()) << status;
  }
  std::string ReasonOf(const std::function<absl::Status(Tokens&)>& body) {
    return ErrorReason(catalog().Write([&](CatalogTransaction& transaction) { return body(transaction.tokens()); }));
  }
};
SUMSCOPE_ON_EVERY_BACKEND(Tokens_Test);

TEST_P(Tokens_Test, TokenComesBackWholeUntilItIsPruned) {
  EXPECT_EQ(ReasonOf([](Tokens& tokens) { return tokens.Insert(MakeToken("t1", "ada")); }), "");
  EXPECT_EQ(ReasonOf([](Tokens& tokens) { return tokens.Insert(MakeToken("t1", "bob")); }), "TOKEN_EXISTS");
  EXPECT_EQ(ReasonOf([](Tokens& tokens) { return tokens.Insert(MakeToken("t2", "eve")); }), "USER_NOT_FOUND");
  EXPECT_EQ(ReasonOf([](Tokens& tokens) { return tokens.NoteUse("t1", At(5)); }), "");
  Reopen();
  Read([](TokensReader& tokens) {
    const auto found = tokens.Find("t1");
    ASSERT_TRUE(found.ok() && found->has_value()) << found.status();
    EXPECT_EQ((*found)->user, "ada");
    EXPECT_EQ((*found)->digest, MakeToken("t1", "ada").digest);
    EXPECT_EQ((*found)->display_name, "laptop");
    EXPECT_EQ((*found)->create_time, At(0));
    EXPECT_EQ((*found)->expire_time, At(1000));
    EXPECT_EQ((*found)->last_use_time, At(5));
    EXPECT_EQ((*found)->revoke_time, std::nullopt);
    EXPECT_FALSE(tokens.Find("t2")->has_value());
  });
  EXPECT_EQ(ReasonOf([](Tokens& tokens) { return tokens.Prune(At(1000)); }), "");
  Read([](TokensReader& tokens) { EXPECT_TRUE(tokens.Find("t1")->has_value()) << "it expires only then"; });
  EXPECT_EQ(ReasonOf([](Tokens& tokens) { return tokens.Prune(At(1001)); }), "");
  Read([](TokensReader& tokens) { EXPECT_FALSE(tokens.Find("t1")->has_value()); });
}

TEST_P(Tokens_Test, RevokedTwiceThenTheFirstTimeStays) {
  EXPECT_EQ(ReasonOf([](Tokens& tokens) { return tokens.Insert(MakeToken("t1", "ada")); }), "");
  EXPECT_EQ(ReasonOf([](Tokens& tokens) { return tokens.Revoke("t1", At(10)); }), "");
  EXPECT_EQ(ReasonOf([](Tokens& tokens) { return tokens.Revoke("t1", At(20)); }), "");
  EXPECT_EQ(ReasonOf([](Tokens& tokens) { return tokens.Revoke("t2", At(20)); }), "TOKEN_NOT_FOUND");
  Read([](TokensReader& tokens) { EXPECT_EQ((*tokens.Find("t1"))->revoke_time, At(10)); });
  EXPECT_EQ(ReasonOf([](Tokens& tokens) { return tokens.Prune(At(11)); }), "");
  Read([](TokensReader& tokens) { EXPECT_FALSE(tokens.Find("t1")->has_value()); });
}

TEST_P(Tokens_Test, ListAndCountAreOfOneUser) {
  EXPECT_EQ(ReasonOf([](Tokens& tokens) -> absl::Status {
              for (const char* id : {"t1", "t2", "t3"}) EXPECT_TRUE(tokens.Insert(MakeToken(id, "ada")).ok());
              EXPECT_TRUE(tokens.Insert(MakeToken("t4", "bob")).ok());
              EXPECT_TRUE(tokens.Insert(MakeToken("t5", "ada", 50)).ok());
              return tokens.Revoke("t2", At(10));
            }),
            "");
  Read([](TokensReader& tokens) {
    EXPECT_EQ(*tokens.CountAlive("ada", At(49)), 3u);
    EXPECT_EQ(*tokens.CountAlive("ada", At(50)), 2u) << "expired then";
    EXPECT_EQ(*tokens.CountAlive("eve", At(0)), 0u);
    std::vector<std::string> ids;
    std::string token;
    do {
      const auto page = tokens.List("ada", 3, token);
      ASSERT_TRUE(page.ok()) << page.status();
      for (const StoredToken& listed : page->tokens) ids.push_back(listed.id);
      token = page->next_page_token;
      if (!token.empty()) {
        EXPECT_EQ(ErrorReason(tokens.List("bob", 3, token).status()), "PAGE_TOKEN_INVALID");
      }
    } while (!token.empty() && ids.size() < 10);
    EXPECT_THAT(ids, ElementsAre("t5", "t3", "t2", "t1")) << "the newest first";
  });
}

}  // namespace
}  // namespace sumscope::storage

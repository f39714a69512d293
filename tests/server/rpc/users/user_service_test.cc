#include "server/rpc/users/user_service.h"

#include <gmock/gmock.h>

#include "proto/contract/base/timestamp.h"
#include "proto/contract/limits.h"
#include "tests/server/rpc/users/users_fixture.h"

namespace sumscope::rpc {
namespace {

using testing::ElementsAre;

constexpr char kUuid[] = "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed";

using UserService_Test = UsersFixture;

TEST_F(UserService_Test, FirstUserIsCreatedThenSheComesInAndTheOwnAccountGoesOn) {
  EXPECT_EQ(WhoAmI(As(1001)), "USER_UNKNOWN");
  EXPECT_EQ(Create(UserToBe("ada", v1::MEMBER, {1001}, {"ada.lab"})), "OK");
  EXPECT_EQ(user_.name(), "users/ada");
  EXPECT_EQ(user_.role(), v1::MEMBER);
  EXPECT_THAT(user_.local_uids(), ElementsAre(1001));
  EXPECT_THAT(user_.certificate_names(), ElementsAre("ada.lab"));
  EXPECT_EQ(ToTime(user_.create_time()), clock_.Now());
  EXPECT_FALSE(user_.disabled());
  EXPECT_EQ(WhoAmI(As(1001)), "OK");
  EXPECT_EQ(caller_.user(), "users/ada");
  EXPECT_EQ(caller_.role(), v1::MEMBER);
  EXPECT_EQ(caller_.credential(), "local uid 1001");
  EXPECT_EQ(caller_.address(), "socket");
  EXPECT_FALSE(caller_.has_expire_time());
  for (const As& as : {Lab(), As(0)}) {
    EXPECT_EQ(WhoAmI(as), "OK");
    EXPECT_EQ(caller_.role(), v1::ADMIN);
  }
  EXPECT_EQ(caller_.user(), "users/root");
}

TEST_F(UserService_Test, UserCannotBeSoThenRefusedAndNotThere) {
  const auto role = static_cast<v1::Role>(7);
  for (const std::string& name : {std::string(), std::string("Ada"), std::string("a\nb"), std::string("a/b"),
                                  std::string("1a"), std::string(33, 'a'), std::string(10'000, 'a')}) {
    EXPECT_EQ(Create(UserToBe(name, v1::MEMBER)), "USER_NAME_INVALID") << name;
  }
  EXPECT_EQ(Create(UserToBe("ada", v1::ROLE_UNSPECIFIED)), "ROLE_MISSING");
  EXPECT_EQ(Create(UserToBe("ada", role)), "ROLE_MISSING");
  EXPECT_EQ(Create(UserToBe("ada", v1::MEMBER, {4294967295})), "UID_INVALID");
  EXPECT_EQ(Create(UserToBe("ada", v1::MEMBER, {1, 1})), "UID_INVALID");
  EXPECT_EQ(Create(UserToBe("ada", v1::MEMBER, std::vector<uint32_t>(17, 1))), "UID_INVALID");
  for (const std::string& name : {std::string(), std::string("a\nb"), std::string("a\x7f"), std::string("a\0b", 3),
                                  std::string("a\u202eb"), std::string(256, 'a'), std::string(10'000, 'a')}) {
    EXPECT_EQ(Create(UserToBe("ada", v1::MEMBER, {}, {name})), "CERTIFICATE_NAME_INVALID") << name;
  }
  EXPECT_EQ(Create(UserToBe("ada", v1::MEMBER, {}, {"a", "a"})), "CERTIFICATE_NAME_INVALID");
  EXPECT_EQ(Get("users/ada", Lab()), "USER_NOT_FOUND");
  EXPECT_EQ(Create(UserToBe("ada", v1::MEMBER, {1, 4294967294}, {std::string(255, 'a'), "Ada L\u00f6we"})), "OK");
}

TEST_F(UserService_Test, NameUidOrCertificateIsAnothersThenRefused) {
  EXPECT_EQ(Create(UserToBe("ada", v1::MEMBER, {1001}, {"ada.lab"})), "OK");
  EXPECT_EQ(Create(UserToBe("ada", v1::MEMBER)), "USER_EXISTS");
  EXPECT_EQ(Create(UserToBe("bob", v1::MEMBER, {1002, 1001})), "UID_TAKEN");
  EXPECT_EQ(Create(UserToBe("bob", v1::MEMBER, {}, {"bob.lab", "ada.lab"})), "CERTIFICATE_TAKEN");
  EXPECT_EQ(Get("users/bob", Lab()), "USER_NOT_FOUND");
  EXPECT_EQ(Create(UserToBe("bob", v1::MEMBER, {1002}, {"bob.lab"})), "OK");
  v1::User bob = Named("bob");
  bob.add_local_uids(1001);
  bob.add_certificate_names("ada.lab");
  EXPECT_EQ(Update(bob, {"local_uids"}), "UID_TAKEN");
  EXPECT_EQ(Update(bob, {"certificate_names"}), "CERTIFICATE_TAKEN");
  EXPECT_EQ(WhoAmI(As(1002)), "OK");
}

TEST_F(UserService_Test, SameRequestIdThenTheSameUser) {
  v1::CreateUserRequest request = UserToBe("ada", v1::MEMBER, {1001});
  request.set_request_id(kUuid);
  EXPECT_EQ(Create(request), "OK");
  const v1::User first = user_;
  clock_.Pass(absl::Hours(1));
  EXPECT_EQ(Create(request), "OK");
  EXPECT_EQ(user_.SerializeAsString(), first.SerializeAsString());
  request.mutable_user()->set_role(v1::ADMIN);
  EXPECT_EQ(Create(request), "REQUEST_ID_REUSED");
  request.set_request_id("1");
  EXPECT_EQ(Create(request), "REQUEST_ID_INVALID");
}

TEST_F(UserService_Test, ListedThenByNameInPages) {
  for (const char* name : {"cy", "ada", "bob"}) EXPECT_EQ(Create(UserToBe(name, v1::VIEWER)), "OK");
  v1::ListUsersRequest request;
  request.set_page_size(2);
  v1::ListUsersResponse list;
  EXPECT_EQ(Outcome(&Stub::ListUsers, Lab(), request, &list), "OK");
  ASSERT_EQ(list.users_size(), 2);
  EXPECT_EQ(list.users(0).name(), "users/ada");
  request.set_page_token(list.next_page_token());
  EXPECT_EQ(Outcome(&Stub::ListUsers, Lab(), request, &list), "OK");
  ASSERT_EQ(list.users_size(), 1);
  EXPECT_EQ(list.users(0).name(), "users/cy");
  EXPECT_EQ(list.next_page_token(), "");
  request.set_page_token("nonsense");
  EXPECT_EQ(Outcome(&Stub::ListUsers, Lab(), request, &list), "PAGE_TOKEN_INVALID");
  request.set_page_size(1001);
  EXPECT_EQ(Outcome(&Stub::ListUsers, Lab(), request, &list), "PAGE_SIZE_INVALID");
}

TEST_F(UserService_Test, MaskNamesFieldsThenThoseAloneChange) {
  EXPECT_EQ(Create(UserToBe("ada", v1::MEMBER, {1001}, {"ada.lab"})), "OK");
  v1::User wanted = Named("ada");
  wanted.set_role(v1::VIEWER);
  wanted.add_local_uids(1005);
  EXPECT_EQ(Update(wanted, {"role", "local_uids"}), "OK");
  EXPECT_EQ(user_.role(), v1::VIEWER);
  EXPECT_THAT(user_.local_uids(), ElementsAre(1005));
  EXPECT_THAT(user_.certificate_names(), ElementsAre("ada.lab"));
  EXPECT_EQ(WhoAmI(As(1001)), "USER_UNKNOWN");
  EXPECT_EQ(WhoAmI(As(1005)), "OK");

  EXPECT_EQ(Update(wanted, {}), "UPDATE_MASK_EMPTY");
  for (const char* path : {"name", "create_time", "disable_time", "*", "role.x", ""}) {
    EXPECT_EQ(Update(wanted, {"role", path}), "FIELD_NOT_MUTABLE") << path;
  }
  wanted.clear_role();
  EXPECT_EQ(Update(wanted, {"role"}), "ROLE_MISSING");
  wanted.add_local_uids(4294967295);
  EXPECT_EQ(Update(wanted, {"local_uids"}), "UID_INVALID");
  EXPECT_EQ(Update(Named("bob"), {"disabled"}), "USER_NOT_FOUND");
  EXPECT_EQ(Update(v1::User(), {"disabled"}), "RESOURCE_NAME_INVALID");
}

TEST_F(UserService_Test, DisabledThenOutAtOnceSinceThenAndBackWhenEnabled) {
  EXPECT_EQ(Create(UserToBe("ada", v1::MEMBER, {1001})), "OK");
  EXPECT_EQ(SetDisabled("ada", true), "OK");
  const absl::Time since = clock_.Now();
  EXPECT_EQ(ToTime(user_.disable_time()), since);
  EXPECT_EQ(WhoAmI(As(1001)), "USER_DISABLED");
  clock_.Pass(absl::Hours(1));
  EXPECT_EQ(SetDisabled("ada", true), "OK");
  EXPECT_EQ(ToTime(user_.disable_time()), since);
  EXPECT_EQ(SetDisabled("ada", false), "OK");
  EXPECT_FALSE(user_.has_disable_time());
  EXPECT_EQ(WhoAmI(As(1001)), "OK");
}

TEST_F(UserService_Test, LastAdminWhoCanComeInThenStays) {
  EXPECT_EQ(Create(UserToBe("ada", v1::ADMIN, {1001})), "OK");
  EXPECT_EQ(Create(UserToBe("eve", v1::ADMIN)), "OK");           // has no way in but tokens
  EXPECT_EQ(Create(UserToBe("bob", v1::MEMBER, {1002})), "OK");  // is no admin
  EXPECT_EQ(SetRole("ada", v1::MEMBER), "LAST_ADMIN");
  EXPECT_EQ(SetDisabled("ada", true), "LAST_ADMIN");
  EXPECT_EQ(Update(Named("ada"), {"local_uids"}), "LAST_ADMIN");
  EXPECT_EQ(SetRole("ada", v1::MEMBER, As(0)), "LAST_ADMIN");
  EXPECT_EQ(Get("users/ada", Lab()), "OK");
  EXPECT_EQ(user_.role(), v1::ADMIN);
  EXPECT_THAT(user_.local_uids(), ElementsAre(1001));

  v1::User by_certificate = Named("ada");
  by_certificate.add_certificate_names("ada.lab");
  EXPECT_EQ(Update(by_certificate, {"local_uids", "certificate_names"}), "OK");
  EXPECT_EQ(Update(Named("ada"), {"certificate_names"}), "LAST_ADMIN");

  EXPECT_EQ(SetRole("bob", v1::ADMIN), "OK");
  EXPECT_EQ(SetDisabled("ada", true), "OK");
  EXPECT_EQ(SetDisabled("bob", true), "LAST_ADMIN");
  EXPECT_EQ(SetRole("ada", v1::MEMBER), "OK");  // a disabled one is no loss
}

TEST_F(UserService_Test, AdminLowersHerselfThenRefusedAndByAnotherNot) {
  EXPECT_EQ(Create(UserToBe("ada", v1::ADMIN, {1001})), "OK");
  EXPECT_EQ(Create(UserToBe("bob", v1::ADMIN, {1002})), "OK");
  EXPECT_EQ(SetRole("ada", v1::MEMBER, As(1001)), "OWN_ROLE");
  EXPECT_EQ(SetDisabled("ada", true, As(1001)), "OWN_ROLE");
  EXPECT_EQ(SetRole("ada", v1::ADMIN, As(1001)), "OK");
  EXPECT_EQ(SetDisabled("ada", false, As(1001)), "OK");
  EXPECT_EQ(SetRole("ada", v1::MEMBER, As(1002)), "OK");
  EXPECT_EQ(SetRole("bob", v1::MEMBER, As(1001)), "METHOD_DENIED");  // she is no admin any more
}

// `users add me --role viewer --uid 0` left nobody an admin, for ever.
TEST_F(UserService_Test, RowClaimsTheServersUidThenOnlyAsItsEnabledAdmin) {
  for (const auto& [name, uid] : {std::pair("root", 0u), std::pair("lab", kOwnUid)}) {
    EXPECT_EQ(Create(UserToBe(name, v1::VIEWER, {uid})), "SERVER_UID");
    EXPECT_EQ(Create(UserToBe("ada", v1::ADMIN, {1001, uid})), "SERVER_UID");
    v1::CreateUserRequest disabled = UserToBe(name, v1::ADMIN, {uid});
    disabled.mutable_user()->set_disabled(true);
    EXPECT_EQ(Create(disabled), "SERVER_UID");
  }
  EXPECT_EQ(Create(UserToBe("ada", v1::ADMIN, {1001})), "OK");
  v1::User ada = Named("ada");
  ada.add_local_uids(0);
  EXPECT_EQ(Update(ada, {"local_uids"}), "SERVER_UID");
  EXPECT_EQ(Create(UserToBe("root", v1::ADMIN, {0})), "OK");
  EXPECT_EQ(SetRole("root", v1::MEMBER), "SERVER_UID");
  EXPECT_EQ(SetDisabled("root", true), "SERVER_UID");
  EXPECT_EQ(WhoAmI(As(0)), "OK");
  EXPECT_EQ(caller_.role(), v1::ADMIN);
  EXPECT_EQ(Create(UserToBe("lab", v1::ADMIN, {kOwnUid, 1002})), "OK");
  EXPECT_EQ(WhoAmI(As(1002)), "OK");
  EXPECT_EQ(caller_.user(), "users/lab");
}

// Whoever got the name of an account without a row owned the private runs that it had made.
TEST_F(UserService_Test, NameIsThatOfAnAccountThenItsUidMustBeClaimedToo) {
  for (const char* name : {"root", "lab", "uid-1001", "uid-0"}) {
    EXPECT_EQ(Create(UserToBe(name, v1::ADMIN, {1002})), "USER_NAME_TAKEN") << name;
  }
  EXPECT_EQ(Create(UserToBe("uid-1001", v1::MEMBER, {1001})), "OK");
  EXPECT_EQ(Update(Named("uid-1001"), {"local_uids"}), "USER_NAME_TAKEN");
  EXPECT_EQ(Create(UserToBe("lab", v1::ADMIN, {kOwnUid})), "OK");
  EXPECT_EQ(Update(Named("lab"), {"local_uids"}), "USER_NAME_TAKEN");
  EXPECT_EQ(Create(UserToBe("uid-x", v1::MEMBER)), "OK");
}

TEST_F(UserService_Test, AnotherUserIsAskedForThenNotSaidWhetherThereIsOne) {
  EXPECT_EQ(Create(UserToBe("ada", v1::MEMBER, {1001})), "OK");
  EXPECT_EQ(Create(UserToBe("vic", v1::VIEWER, {1003})), "OK");
  for (const As& as : {As(1001), As(1003)}) {
    EXPECT_EQ(Get("users/lab", as), "NOT_OWNER");
    EXPECT_EQ(Get("users/nobody", as), "NOT_OWNER");
    v1::ListUsersResponse list;
    EXPECT_EQ(Outcome(&Stub::ListUsers, as, v1::ListUsersRequest(), &list), "METHOD_DENIED");
    EXPECT_EQ(Create(UserToBe("eve", v1::ADMIN), as), "METHOD_DENIED");
    EXPECT_EQ(SetRole("ada", v1::ADMIN, as), "METHOD_DENIED");
    EXPECT_EQ(SetRole("nobody", v1::ADMIN, as), "METHOD_DENIED");
  }
  EXPECT_EQ(Get("users/ada", As(1001)), "OK");
  EXPECT_EQ(Get("users/vic", As(1003)), "OK");
  EXPECT_EQ(Get("users/vic", Lab()), "OK");
  for (const char* name : {"", "ada", "users/", "runs/r1"}) EXPECT_EQ(Get(name, Lab()), "RESOURCE_NAME_INVALID");
}

}  // namespace
}  // namespace sumscope::rpc

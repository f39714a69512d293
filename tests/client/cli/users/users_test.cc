// sumscope users: what is sent, and how users look.
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "nlohmann/json.hpp"
#include "proto/contract/errors/errors.h"
#include "tests/client/cli/fixtures.h"

namespace sumscope::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Users_Test : public CommandFixture {
 protected:
  Users_Test() {
    v1::User& ada = server_.users.emplace_back();
    ada.set_name("users/ada");
    ada.set_role(v1::ADMIN);
    ada.add_local_uids(1000);
    ada.add_local_uids(1001);
    ada.mutable_create_time()->set_seconds(1'700'000'000);
    v1::User& bob = server_.users.emplace_back();
    bob.set_name("users/bob");
    bob.set_role(v1::VIEWER);
    bob.add_certificate_names("bob@lab");
    bob.mutable_create_time()->set_seconds(1'700'006'400);
    bob.set_disabled(true);
    bob.mutable_disable_time()->set_seconds(1'700'009'000);
  }
};

TEST_F(Users_Test, WhenUsersAreListedThenEveryFormatHasThem) {
  EXPECT_EQ(Run({"users", "list"}), 0);
  EXPECT_EQ(Out(),
            "USER  ROLE    UIDS       CERTIFICATES  AGE  STATE\n"
            "ada   admin   1000 1001  -              2h  active\n"
            "bob   viewer  -          bob@lab       60m  disabled\n");
  EXPECT_EQ(Run({"users", "list", "-o", "csv"}), 0);
  EXPECT_EQ(Out(),
            "user,role,uids,certificates,create_time,disabled,disable_time\n"
            "ada,admin,1000 1001,,2023-11-14T22:13:20Z,false,\n"
            "bob,viewer,,bob@lab,2023-11-15T00:00:00Z,true,2023-11-15T00:43:20Z\n");
  EXPECT_EQ(Run({"users", "list", "-o", "id"}), 0);
  EXPECT_EQ(Out(), "ada\nbob\n");
  EXPECT_EQ(Run({"users", "list", "-o", "json"}), 0);
  EXPECT_EQ(nlohmann::json::parse(Out())["users"][1]["role"], "VIEWER");
  EXPECT_EQ(Run({"users", "list", "-o", "jsonl"}), 0);
  EXPECT_THAT(Out(), HasSubstr("\n{\"name\":\"users/bob\","));
}

TEST_F(Users_Test, WhenThereAreMoreThanTheLimitThenItIsSaid) {
  EXPECT_EQ(Run({"users", "list", "--limit", "1", "-o", "id"}), 0);
  EXPECT_EQ(Out(), "ada\n");
  EXPECT_EQ(Err(), "There are more: --limit 0 lists all.\n");
}

TEST_F(Users_Test, WhenThereAreNoneThenATerminalIsToldWhoIsAdmin) {
  server_.users.clear();
  terminal_.out_is_terminal = true;
  EXPECT_EQ(Run({"users", "list"}), 0);
  EXPECT_THAT(Err(), HasSubstr("the server's own account and root are admins"));
}

TEST_F(Users_Test, WhenOneIsShownThenLinesOfWhatThereIs) {
  EXPECT_EQ(Run({"users", "show", "users/bob"}), 0);
  EXPECT_EQ(Out(),
            "user          bob\n"
            "role          viewer\n"
            "certificates  bob@lab\n"
            "created       2023-11-15T00:00:00Z\n"
            "disabled      2023-11-15T00:43:20Z\n");
  EXPECT_EQ(Run({"users", "show", "eve"}), 3);
  EXPECT_THAT(Err(), HasSubstr("[USER_NOT_FOUND]"));
}

TEST_F(Users_Test, WhenAUserIsAddedThenTheRequestSaysWho) {
  EXPECT_EQ(Run({"users", "add", "carol", "--role", "member", "--uid", "1002", "--uid", "0", "--certificate-name",
                 "carol", "--certificate-name", "carol@lab"}),
            0);
  const auto request = server_.LastRequest<v1::CreateUserRequest>();
  EXPECT_EQ(request.user_id(), "carol");
  EXPECT_EQ(request.user().role(), v1::MEMBER);
  EXPECT_THAT(request.user().local_uids(), ElementsAre(1002, 0));
  EXPECT_THAT(request.user().certificate_names(), ElementsAre("carol", "carol@lab"));
  EXPECT_FALSE(request.request_id().empty());
  EXPECT_EQ(Err(), "");
  EXPECT_EQ(Run({"users", "add", "carol", "--role", "member"}), 8);
  EXPECT_THAT(Err(), HasSubstr("[USER_EXISTS]"));
}

TEST_F(Users_Test, WhenAUserHasNoWayInThenTheOneByTokenIsNamed) {
  EXPECT_EQ(Run({"users", "add", "dan", "--role", "viewer"}), 0);
  EXPECT_THAT(Err(), HasSubstr("sumscope token create --user dan"));
  EXPECT_EQ(Run({"users", "add", "eve", "--role", "viewer", "-q"}), 0);
  EXPECT_EQ(Out(), "eve\n");
  EXPECT_EQ(Err(), "");
}

TEST_F(Users_Test, WhenWhatIsGivenCannotBeThenExitCodeTwoBeforeAnyCall) {
  EXPECT_EQ(Run({"users", "add", "carol"}), 2);
  EXPECT_THAT(Err(), HasSubstr("--role"));
  EXPECT_EQ(Run({"users", "add", "carol", "--role", "owner"}), 2);
  EXPECT_EQ(Err(), "error: \"owner\" is no role; expected viewer, member or admin [ROLE_UNKNOWN]\n");
  for (const char* uid : {"alice", "-1", "4294967296", "0x10", " 7"}) {
    EXPECT_EQ(Run({"users", "add", "carol", "--role", "member", "--uid", uid}), 2) << uid;
  }
  EXPECT_EQ(Run({"users", "add", "carol", "--role", "member", "--uid", "alice"}), 2);
  EXPECT_EQ(Err(),
            "error: --uid takes the number of an account, not \"alice\"; id -u NAME says it on the server's machine "
            "[UID_INVALID]\n");
  EXPECT_EQ(Run({"users", "add", "a/b", "--role", "member"}), 2);
  EXPECT_THAT(Err(), HasSubstr("[USER_NAME_INVALID]"));
  EXPECT_EQ(Run({"users", "set-role", "bob", "root"}), 2);
  EXPECT_EQ(Run({"users", "update", "bob"}), 2);
  EXPECT_THAT(Err(), HasSubstr("say what changes"));
  EXPECT_EQ(Run({"users", "update", "bob", "--uid", "1", "--no-uids"}), 2);
  EXPECT_THAT(server_.calls(), IsEmpty());
}

TEST_F(Users_Test, WhenOneIsChangedThenTheMaskNamesWhat) {
  EXPECT_EQ(Run({"users", "set-role", "bob", "member"}), 0);
  auto request = server_.LastRequest<v1::UpdateUserRequest>();
  EXPECT_EQ(request.user().name(), "users/bob");
  EXPECT_EQ(request.user().role(), v1::MEMBER);
  EXPECT_THAT(request.update_mask().paths(), ElementsAre("role"));
  EXPECT_THAT(Out(), HasSubstr("bob   member "));

  EXPECT_EQ(Run({"users", "update", "bob", "--uid", "7", "--no-certificate-names", "-o", "json"}), 0);
  request = server_.LastRequest<v1::UpdateUserRequest>();
  EXPECT_THAT(request.user().local_uids(), ElementsAre(7));
  EXPECT_THAT(request.user().certificate_names(), IsEmpty());
  EXPECT_THAT(request.update_mask().paths(), ElementsAre("local_uids", "certificate_names"));
  EXPECT_EQ(nlohmann::json::parse(Out())["name"], "users/bob");

  EXPECT_EQ(Run({"users", "enable", "bob"}), 0);
  request = server_.LastRequest<v1::UpdateUserRequest>();
  EXPECT_FALSE(request.user().disabled());
  EXPECT_THAT(request.update_mask().paths(), ElementsAre("disabled"));
  EXPECT_EQ(Run({"users", "disable", "ada"}), 0);
  EXPECT_TRUE(server_.LastRequest<v1::UpdateUserRequest>().user().disabled());
  EXPECT_THAT(Out(), HasSubstr("disabled\n"));
}

TEST_F(Users_Test, WhenTheServerRefusesThenTheFlagIsNamedAndTheExitCodeIsTheStatus) {
  server_.errors = {InvalidField("CERTIFICATE_NAME_INVALID", "user.certificate_names",
                                 "user.certificate_names holds a name of 300 bytes; expected 1 to 255")};
  EXPECT_EQ(Run({"users", "add", "carol", "--role", "member", "--certificate-name", "x"}), 2);
  EXPECT_EQ(Err(),
            "error: --certificate-name holds a name of 300 bytes; expected 1 to 255 [CERTIFICATE_NAME_INVALID]\n");
  server_.errors = {MakeError(absl::StatusCode::kFailedPrecondition, "LAST_ADMIN", "ada is the last admin")};
  EXPECT_EQ(Run({"users", "disable", "ada"}), 8);
  server_.errors = {MakeError(absl::StatusCode::kPermissionDenied, "METHOD_DENIED", "it takes an admin")};
  EXPECT_EQ(Run({"users", "list"}), 4);
}

// What a name holds reaches a terminal as text alone.
TEST_F(Users_Test, GivenControlCharactersInACertificateThenTheyAreEscaped) {
  server_.users[1].set_certificate_names(0, "bob\x1b[2J");
  EXPECT_EQ(Run({"users", "list"}), 0);
  EXPECT_EQ(Out().find('\x1b'), std::string::npos);
  EXPECT_EQ(Run({"users", "show", "bob"}), 0);
  EXPECT_EQ(Out().find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace sumscope::client

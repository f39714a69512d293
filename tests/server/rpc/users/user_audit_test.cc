#include <gmock/gmock.h>

#include "proto/contract/base/timestamp.h"
#include "tests/server/rpc/users/users_fixture.h"

namespace sumscope::rpc {
namespace {

using testing::ElementsAre;

class UserAudit_Test : public UsersFixture {
 protected:
  std::string List(const v1::ListAuditRecordsRequest& request, const As& as = Lab()) {
    return Outcome(&Stub::ListAuditRecords, as, request, &records_);
  }
  v1::ListAuditRecordsResponse records_;
};

TEST_F(UserAudit_Test, EachCallThatChangesThenOneRowAlsoWhenRefused) {
  EXPECT_EQ(Create(UserToBe("ada", v1::MEMBER, {1001})), "OK");
  EXPECT_EQ(Create(UserToBe("ada", v1::MEMBER)), "USER_EXISTS");
  EXPECT_EQ(Create(UserToBe("eve", v1::ADMIN), As(1001)), "METHOD_DENIED");
  EXPECT_EQ(Create(UserToBe("eve", v1::ADMIN), As(1002)), "USER_UNKNOWN");
  EXPECT_EQ(SetRole("ada", v1::VIEWER), "OK");
  EXPECT_EQ(SetRole("bob", v1::VIEWER), "USER_NOT_FOUND");
  EXPECT_EQ(MakeToken(As(1001)), "OK");
  const std::string token = token_.token().name();
  EXPECT_EQ(MakeToken(As(1001), "users/lab"), "NOT_OWNER");
  EXPECT_EQ(Revoke(As(1001), token), "OK");
  EXPECT_EQ(Get("users/ada", Lab()), "OK");  // reads leave none
  EXPECT_THAT(
      Audit(),
      ElementsAre(
          "RevokeToken OK " + token + " by users/ada", "CreateToken PERMISSION_DENIED NOT_OWNER users/lab by users/ada",
          "CreateToken OK " + token + " by users/ada", "UpdateUser NOT_FOUND USER_NOT_FOUND users/bob by users/lab",
          "UpdateUser OK users/ada by users/lab", "CreateUser UNAUTHENTICATED USER_UNKNOWN users/eve by ",
          "CreateUser PERMISSION_DENIED METHOD_DENIED users/eve by users/ada",
          "CreateUser ALREADY_EXISTS USER_EXISTS users/ada by users/lab", "CreateUser OK users/ada by users/lab"));
}

TEST_F(UserAudit_Test, RefusedCallerThenTheRowSaysWhatIsKnownOfThem) {
  EXPECT_EQ(Create(UserToBe("ada", v1::ADMIN, {1001})), "OK");
  EXPECT_EQ(Create(UserToBe("bob", v1::ADMIN, {1002})), "OK");
  EXPECT_EQ(SetDisabled("bob", true), "OK");
  EXPECT_EQ(Create(UserToBe("eve", v1::ADMIN), As(1002)), "USER_DISABLED");
  EXPECT_EQ(Create(UserToBe("eve", v1::ADMIN), As(2222)), "USER_UNKNOWN");
  EXPECT_EQ(List({}), "OK");
  EXPECT_EQ(records_.records(0).user(), "");
  EXPECT_EQ(records_.records(0).credential(), "local uid 2222");
  EXPECT_EQ(records_.records(1).user(), "users/bob");
  EXPECT_EQ(records_.records(1).credential(), "local uid 1002");
}

// A viewer's 4,000 refused calls were 4,000 rows.
TEST_F(UserAudit_Test, RefusedAgainAndAgainThenThinned) {
  EXPECT_EQ(Create(UserToBe("vic", v1::VIEWER, {1003})), "OK");
  EXPECT_EQ(Create(UserToBe("ada", v1::MEMBER, {1001})), "OK");
  const auto refusals = [&](const std::string& reason) {
    v1::ListAuditRecordsRequest request;
    request.set_page_size(1000);
    EXPECT_EQ(List(request), "OK");
    int count = 0;
    for (const v1::AuditRecord& record : records_.records()) count += record.reason() == reason ? 1 : 0;
    return count;
  };
  for (int i = 0; i < 150; ++i) EXPECT_EQ(SetRole("ada", v1::ADMIN, As(1003)), "METHOD_DENIED");
  EXPECT_EQ(refusals("METHOD_DENIED"), 100);
  EXPECT_EQ(SetRole("ada", v1::ADMIN, As(1001)), "METHOD_DENIED");
  EXPECT_EQ(refusals("METHOD_DENIED"), 101) << "another user's";
  clock_.Pass(absl::Seconds(2));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(SetRole("ada", v1::ADMIN, As(1003)), "METHOD_DENIED");
  EXPECT_EQ(refusals("METHOD_DENIED"), 103);
  for (int i = 0; i < 150; ++i) EXPECT_EQ(SetRole("ada", v1::ADMIN, As(2222)), "USER_UNKNOWN");
  EXPECT_EQ(refusals("USER_UNKNOWN"), 100);
}

TEST_F(UserAudit_Test, RowThenSaysFromWhereAndByWhat) {
  v1::CreateUserRequest request = UserToBe("ada", v1::ADMIN, {1001});
  request.set_request_id("1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed");
  EXPECT_EQ(Create(request), "OK");
  EXPECT_EQ(MakeToken(As(1001)), "OK");
  EXPECT_EQ(Create(UserToBe("bob", v1::VIEWER), As(token_.secret())), "OK");
  EXPECT_EQ(List({}), "OK");
  ASSERT_EQ(records_.records_size(), 3);
  const v1::AuditRecord &by_token = records_.records(0), &by_uid = records_.records(2);
  EXPECT_EQ(by_token.credential(), "token laptop");
  EXPECT_EQ(by_token.address(), "192.0.2.7");
  EXPECT_EQ(by_uid.credential(), "local uid 900");
  EXPECT_EQ(by_uid.address(), "socket");
  EXPECT_EQ(by_uid.method(), "/sumscope.v1.UserService/CreateUser");
  EXPECT_EQ(by_uid.request_id(), request.request_id());
  EXPECT_EQ(ToTime(by_uid.time()), clock_.Now());
  EXPECT_GT(by_token.sequence(), by_uid.sequence());
}

TEST_F(UserAudit_Test, AskedForSomeThenThoseInPages) {
  EXPECT_EQ(Create(UserToBe("ada", v1::MEMBER, {1001})), "OK");
  clock_.Pass(absl::Hours(1));
  EXPECT_EQ(MakeToken(As(1001)), "OK");
  EXPECT_EQ(SetRole("ada", v1::VIEWER), "OK");
  v1::ListAuditRecordsRequest by_user, by_method, by_resource, since;
  by_user.set_user("users/ada");
  EXPECT_THAT(Audit(by_user), testing::SizeIs(1));
  by_method.set_method("UpdateUser");
  EXPECT_THAT(Audit(by_method), ElementsAre("UpdateUser OK users/ada by users/lab"));
  by_resource.set_resource("users/ada");
  EXPECT_THAT(Audit(by_resource), testing::SizeIs(3));  // the token lies below
  *since.mutable_since() = ToTimestamp(clock_.Now());
  EXPECT_THAT(Audit(since), testing::SizeIs(2));
  v1::ListAuditRecordsRequest page;
  page.set_page_size(2);
  EXPECT_EQ(List(page), "OK");
  EXPECT_EQ(records_.records_size(), 2);
  page.set_page_token(records_.next_page_token());
  EXPECT_EQ(List(page), "OK");
  EXPECT_EQ(records_.records_size(), 1);
  EXPECT_EQ(records_.next_page_token(), "");
}

TEST_F(UserAudit_Test, RequestIsWrongThenRefused) {
  v1::ListAuditRecordsRequest request;
  request.set_user("ada");
  EXPECT_EQ(List(request), "RESOURCE_NAME_INVALID");
  request.set_user("users/" + std::string(10'000, 'a'));
  EXPECT_EQ(List(request), "RESOURCE_NAME_INVALID");
  request.clear_user();
  request.set_page_token("nonsense");
  EXPECT_EQ(List(request), "PAGE_TOKEN_INVALID");
  request.set_page_size(1001);
  EXPECT_EQ(List(request), "PAGE_SIZE_INVALID");
  request.set_resource(std::string(10'000, 'a'));
  EXPECT_EQ(List(request), "FILTER_INVALID");
  request.set_resource("");
  request.set_method(std::string(10'000, 'a'));
  EXPECT_EQ(List(request), "FILTER_INVALID");
  EXPECT_EQ(Create(UserToBe("ada", v1::MEMBER, {1001})), "OK");
  EXPECT_EQ(List({}, As(1001)), "METHOD_DENIED");
}

TEST_F(UserAudit_Test, SinceIsFarAwayThenNoneOrAll) {
  EXPECT_EQ(Create(UserToBe("ada", v1::MEMBER, {1001})), "OK");
  v1::ListAuditRecordsRequest request;
  request.mutable_since()->set_seconds(std::numeric_limits<int64_t>::max());
  EXPECT_TRUE(Audit(request).empty());
  request.mutable_since()->set_seconds(std::numeric_limits<int64_t>::min());
  EXPECT_THAT(Audit(request), testing::SizeIs(1));
}

}  // namespace
}  // namespace sumscope::rpc

// sumscope token: where secrets go, and how tokens look.
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "gmock/gmock.h"
#include "nlohmann/json.hpp"
#include "proto/contract/errors/errors.h"
#include "tests/client/cli/fixtures.h"

namespace sumscope::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr char kSecret[] = "sst_t1234567_0123456789012345678901234567890123456789012";

class Tokens_Test : public CommandFixture {
 protected:
  Tokens_Test() {
    Add("users/ada/tokens/tlaptop1", "laptop", 90).mutable_last_use_time()->set_seconds(1'700'006'400);
    Add("users/ada/tokens/tnote001", "notebook", 0);
    Add("users/ada/tokens/trevoked", "lost one", 90).mutable_revoke_time()->set_seconds(1'700'000'100);
    Add("users/bob/tokens/tbobs001", "bob's", 90);
  }

  v1::Token& Add(const std::string& name, const std::string& display_name, int days) {
    v1::Token& token = server_.tokens.emplace_back();
    token.set_name(name);
    token.set_display_name(display_name);
    token.mutable_create_time()->set_seconds(1'700'000'000);
    token.mutable_expire_time()->set_seconds(1'700'000'000 + days * int64_t{86'400});
    return token;
  }
  static std::string Read(const std::string& path) {
    std::stringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
  }
  std::string Path(const std::string& name) const { return directory_.path() + "/" + name; }
};

TEST_F(Tokens_Test, WhenOneIsMadeThenItsSecretAloneIsOnTheStandardOutput) {
  EXPECT_EQ(Run({"token", "create", "laptop"}), 0);
  EXPECT_EQ(Out(), std::string(kSecret) + "\n");
  EXPECT_THAT(Err(), HasSubstr("The token ada/t1234567 (laptop) is good until 2024-02-12T22:13:20Z."));
  EXPECT_THAT(Err(), Not(HasSubstr(kSecret)));
  const auto request = server_.LastRequest<v1::CreateTokenRequest>();
  EXPECT_EQ(request.parent(), "");
  EXPECT_EQ(request.display_name(), "laptop");
  EXPECT_EQ(request.lifetime_days(), 0u) << "the server's default";
}

TEST_F(Tokens_Test, WhenAFileIsNamedThenTheSecretIsThereAloneForItsOwner) {
  const std::string path = Path("token");
  EXPECT_EQ(Run({"token", "create", "--user", "bob", "--days", "7", "--out", path}), 0);
  EXPECT_EQ(Out(), "");
  EXPECT_EQ(Read(path), std::string(kSecret) + "\n");
  struct stat status = {};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
  EXPECT_THAT(Err(), Not(HasSubstr(kSecret)));
  const auto request = server_.LastRequest<v1::CreateTokenRequest>();
  EXPECT_EQ(request.parent(), "users/bob");
  EXPECT_EQ(request.lifetime_days(), 7u);
  EXPECT_FALSE(request.display_name().empty());
}

TEST_F(Tokens_Test, WhenTheSecretCouldNotBeKeptThenNoneIsMade) {
  EXPECT_EQ(Run({"token", "create", "--out", directory_.path()}), 1);
  EXPECT_THAT(Err(), HasSubstr("[OUTPUT_FAILED]"));
  EXPECT_EQ(Run({"token", "create", "--out", Path("no/folder")}), 1);
  EXPECT_EQ(Run({"token", "create", "--days", "0"}), 2);
  EXPECT_EQ(Run({"token", "create", "--days", "ninety"}), 2);
  EXPECT_EQ(Run({"token", "create", "--days", "367"}), 2);
  EXPECT_EQ(Run({"token", "create", "--days", "-1"}), 2);
  EXPECT_THAT(Err(), HasSubstr("--days is -1; expected 1 to 366"));
  EXPECT_THAT(server_.calls(), IsEmpty());
}

TEST_F(Tokens_Test, WhenTheServerRefusesThenNoFileIsLeft) {
  server_.errors = {InvalidField("TOKEN_LIFETIME_INVALID", "lifetime_days", "lifetime_days is 300; expected 1 to 200")};
  EXPECT_EQ(Run({"token", "create", "--days", "300", "--out", Path("token")}), 2);
  EXPECT_EQ(Err(), "error: --days is 300; expected 1 to 200 [TOKEN_LIFETIME_INVALID]\n");
  EXPECT_TRUE(std::filesystem::is_empty(directory_.path()));
}

TEST_F(Tokens_Test, WhenTheSecretIsLostThenItIsSaidHowToRevokeIt) {
  out_.setstate(std::ios::badbit);
  EXPECT_EQ(Run({"token", "create"}), 1);
  EXPECT_THAT(Err(), HasSubstr("sumscope token revoke ada/t1234567 [OUTPUT_FAILED]"));
  EXPECT_THAT(Err(), Not(HasSubstr(kSecret)));
}

TEST_F(Tokens_Test, WhenTheyAreListedThenEveryFormatHasThem) {
  EXPECT_EQ(Run({"token", "list"}), 0);
  EXPECT_EQ(Out(),
            "TOKEN         NAME      AGE  EXPIRES  LAST USE\n"
            "ada/tlaptop1  laptop     2h  in 89d   60m ago\n"
            "ada/tnote001  notebook   2h  expired  never\n"
            "ada/trevoked  lost one   2h  revoked  never\n");
  EXPECT_EQ(Run({"token", "list", "--user", "bob", "-o", "csv"}), 0);
  EXPECT_EQ(Out(),
            "token,name,create_time,expire_time,last_use_time,revoke_time\n"
            "bob/tbobs001,bob's,2023-11-14T22:13:20Z,2024-02-12T22:13:20Z,,\n");
  EXPECT_EQ(server_.LastRequest<v1::ListTokensRequest>().parent(), "users/bob");
  EXPECT_EQ(Run({"token", "list", "--limit", "1", "-o", "id"}), 0);
  EXPECT_EQ(Out(), "ada/tlaptop1\n");
  EXPECT_EQ(Err(), "There are more: --limit 0 lists all.\n");
  EXPECT_EQ(Run({"token", "list", "-o", "json"}), 0);
  EXPECT_EQ(nlohmann::json::parse(Out())["tokens"].size(), 3u);
}

TEST_F(Tokens_Test, WhenOneIsRevokedThenItIsNamedByItsIdAloneOrWithItsUser) {
  EXPECT_EQ(Run({"token", "revoke", "tlaptop1"}), 0);
  EXPECT_THAT(server_.calls(), ElementsAre("GetCaller", "RevokeToken"));
  EXPECT_EQ(server_.LastRequest<v1::RevokeTokenRequest>().name(), "users/ada/tokens/tlaptop1");
  EXPECT_THAT(Out(), HasSubstr("  revoked  "));
  for (const char* name : {"bob/tbobs001", "users/bob/tokens/tbobs001"}) {
    EXPECT_EQ(Run({"token", "revoke", name}), 0);
    EXPECT_EQ(server_.LastRequest<v1::RevokeTokenRequest>().name(), "users/bob/tokens/tbobs001");
  }
  EXPECT_EQ(server_.CountCalls("GetCaller"), 1);
  EXPECT_EQ(Run({"token", "revoke", "tnone"}), 3);
  EXPECT_EQ(Run({"token", "revoke", "a/b/c"}), 2);
  EXPECT_EQ(Run({"token", "revoke", "bob/"}), 2);
}

// A secret in the place of an id would have gone into the server's messages and its audit.
TEST_F(Tokens_Test, GivenASecretToRevokeThenItIsNeitherSentNorRepeated) {
  EXPECT_EQ(Run({"token", "revoke", kSecret}), 2);
  EXPECT_THAT(Err(), HasSubstr("[TOKEN_NAME_INVALID]"));
  EXPECT_THAT(Err(), Not(HasSubstr("0123456789")));
  EXPECT_THAT(server_.calls(), IsEmpty());
}

}  // namespace
}  // namespace sumscope::client

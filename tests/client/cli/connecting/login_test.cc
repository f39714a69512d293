// login, logout, context and whoami as whole commands, against a TLS server of this process.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "tests/client/cli/fixtures.h"
#include "tests/client/fake_stream.h"
#include "tests/support/certificates.h"

namespace sumscope::client {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kToken[] = "sst_1_theSecret";

// Knows one token.
class TokenServer : public v1::UserService::Service {
 public:
  grpc::Status GetCaller(grpc::ServerContext* context, const v1::GetCallerRequest*, v1::Caller* caller) override {
    const auto shown = context->client_metadata().find("authorization");
    const std::string expected = absl::StrCat("Bearer ", kToken);
    if (shown == context->client_metadata().end() || shown->second != grpc::string_ref(expected)) {
      return ToGrpc(MakeError(absl::StatusCode::kUnauthenticated, "TOKEN_UNKNOWN", "no such token"));
    }
    caller->set_user("users/alice");
    caller->set_role(v1::MEMBER);
    caller->set_credential("token laptop");
    caller->mutable_expire_time()->set_seconds(1'700'100'000);
    return grpc::Status::OK;
  }
};

class Login_Test : public CommandFixture {
 protected:
  Login_Test() {
    const IssuedCertificate own = authority_.IssueServer();
    grpc::SslServerCredentialsOptions options;
    options.pem_key_cert_pairs = {{own.key, own.certificate}};
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::SslServerCredentials(options), &port_);
    builder.RegisterService(&users_);
    tls_ = builder.BuildAndStart();
    environment_.server.clear();
    ca_ = directory_.path() + "/ca.pem";
    WritePrivateFile(ca_, authority_.certificate());
    terminal_.read_secret = [this](const std::string& prompt) {
      prompt_ = prompt;
      return typed_;
    };
  }
  ~Login_Test() override { tls_->Shutdown(std::chrono::system_clock::now()); }

  std::string Server() const { return absl::StrCat("localhost:", port_); }
  std::string Folder() const { return directory_.path() + "/sumscope"; }
  std::string Read(const std::string& name) const {
    std::ifstream file(Folder() + "/" + name);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }
  void WriteConfig(const std::string& text) {
    std::filesystem::create_directories(Folder());
    std::ofstream(Folder() + "/config.toml") << text;
  }
  bool Has(const std::string& name) const { return std::filesystem::exists(Folder() + "/" + name); }
  int LogIn() { return Run({"login", Server(), "--ca", ca_}); }

  const TestAuthority authority_;
  TokenServer users_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> tls_;
  std::string ca_, prompt_;
  std::optional<std::string> typed_ = kToken;
};

TEST_F(Login_Test, WhenTheTokenIsGoodThenItIsKeptAndCommandsGoThere) {
  ASSERT_EQ(LogIn(), 0) << Err();
  EXPECT_THAT(prompt_, HasSubstr(Server()));
  EXPECT_THAT(Err(), HasSubstr("alice (member)"));
  EXPECT_THAT(Out() + Err() + Read("config.toml"), Not(HasSubstr("theSecret")));
  EXPECT_EQ(Read("tokens/localhost"), absl::StrCat(kToken, "\n"));
  struct stat about = {};
  ASSERT_EQ(stat((Folder() + "/tokens/localhost").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 07777, 0600u);
  ASSERT_EQ(stat((Folder() + "/tokens").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 07777, 0700u);
  EXPECT_EQ(Run({"whoami", "-o", "id"}), 0) << Err();
  EXPECT_EQ(Out(), "alice\n");
  EXPECT_EQ(Run({"whoami", "-o", "csv"}), 0);
  EXPECT_THAT(Out(), HasSubstr("alice,member,token laptop"));
  EXPECT_EQ(Run({"whoami"}), 0);
  EXPECT_THAT(Out(), HasSubstr("known by  token laptop"));
}

TEST_F(Login_Test, WhenTheConfigurationHasMoreThenItStays) {
  const std::string before = "# mine\ntimeout = 7 # s\n[contexts.old]\nserver = \"old:1\"\n";
  WriteConfig(before);
  std::filesystem::rename(Folder() + "/config.toml", directory_.path() + "/real.toml");
  std::filesystem::create_symlink(directory_.path() + "/real.toml", Folder() + "/config.toml");
  ASSERT_EQ(chmod((directory_.path() + "/real.toml").c_str(), 0640), 0);
  ASSERT_EQ(Run({"login", Server(), "--ca", ca_, "--context", "lab"}), 0) << Err();
  EXPECT_THAT(Read("config.toml"), HasSubstr("[contexts.old]\nserver = \"old:1\"\n\n[contexts.lab]\nserver = "));
  EXPECT_TRUE(std::filesystem::is_symlink(Folder() + "/config.toml"));
  struct stat about = {};
  ASSERT_EQ(stat((directory_.path() + "/real.toml").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 07777, 0640u);
  ASSERT_EQ(Run({"logout"}), 0) << Err();
  EXPECT_EQ(Read("config.toml"), before);
  EXPECT_FALSE(Has("tokens/lab"));
  EXPECT_THAT(Err(), HasSubstr("revoke"));
}

TEST_F(Login_Test, WhenItFailsThenNothingIsWritten) {
  typed_ = "sst_1_wrong";
  EXPECT_EQ(LogIn(), 4);
  EXPECT_THAT(Err(), HasSubstr("[TOKEN_UNKNOWN]"));
  EXPECT_THAT(Err(), Not(HasSubstr("sst_1_wrong")));
  typed_ = "two words";
  EXPECT_EQ(LogIn(), 4);
  EXPECT_THAT(Err(), Not(HasSubstr("two words")));
  typed_.reset();
  EXPECT_EQ(LogIn(), 2);
  typed_ = kToken;
  WritePrivateFile(ca_, TestAuthority("another").certificate());
  EXPECT_EQ(LogIn(), 7);
  EXPECT_THAT(Err(), HasSubstr("[TLS_FAILED]"));
  // A numeric host gives a name of a context too.
  EXPECT_EQ(Run({"login", "[::1]:1", "--ca", ca_}), 7);
  EXPECT_THAT(Err(), Not(HasSubstr("CONTEXT_NAME_INVALID")));
  EXPECT_EQ(Run({"login", "unix:/run/s"}), 2);
  EXPECT_EQ(Run({"login", "ssh://box"}), 2);
  EXPECT_EQ(Run({"login", Server(), "--context", "../up"}), 2);
  EXPECT_FALSE(Has("config.toml") || Has("tokens"));
}

// The token would be on disk, and nothing said where.
TEST_F(Login_Test, WhenTheConfigurationCannotBeChangedThenNoTokenIsLeft) {
  WriteConfig("contexts = { old = { server = \"old:1\" } }\n");
  EXPECT_EQ(LogIn(), 8);
  EXPECT_THAT(Err(), HasSubstr("[CONFIG_NOT_EDITABLE]"));
  EXPECT_FALSE(Has("tokens/localhost"));
}

TEST_F(Login_Test, WhenLoggedInBeforeThenTheAuthorityIsKnownAndAnotherServersContextIsNotTaken) {
  ASSERT_EQ(LogIn(), 0);
  EXPECT_EQ(Run({"login", Server()}), 0) << Err();
  WriteConfig("[contexts.localhost]\nserver = \"localhost:1\"\n");
  EXPECT_EQ(LogIn(), 8);
  EXPECT_THAT(Err(), HasSubstr("[CONTEXT_EXISTS]"));
  EXPECT_EQ(Run({"login", Server(), "--ca", ca_, "--context", "localhost"}), 0) << "it was named";
}

// A token of one server went to whatever --server named.
TEST_F(Login_Test, WhenAnotherServerIsNamedThenTheTokenOfTheContextStaysHere) {
  ASSERT_EQ(LogIn(), 0);
  environment_.ca = ca_;
  EXPECT_EQ(Run({"--server", absl::StrCat("127.0.0.1:", port_), "whoami"}), 4);
  EXPECT_THAT(Err(), HasSubstr("[TOKEN_UNKNOWN]")) << "the server was shown none";
  EXPECT_EQ(Run({"--server", Server(), "whoami"}), 0) << "the same server";
}

TEST_F(Login_Test, WhenAContextIsNotThereThenEveryCommandSaysSoAlike) {
  ASSERT_EQ(Run({"login", Server(), "--ca", ca_, "--context", "lab"}), 0);
  for (const std::vector<std::string>& command : {std::vector<std::string>{"context", "use", "lap"},
                                                  {"context", "remove", "lap"},
                                                  {"--context", "lap", "whoami"}}) {
    EXPECT_EQ(Run(command), 3);
    EXPECT_THAT(Err(), HasSubstr("there is no context \"lap\"; did you mean \"lab\"?"));
  }
}

TEST_F(Login_Test, WhenContextsAreChosenAndRemovedThenTheListSaysSo) {
  ASSERT_EQ(Run({"context", "list"}), 0);
  EXPECT_EQ(Run({"context", "use", "lab"}), 3);
  ASSERT_EQ(Run({"login", Server(), "--ca", ca_, "--context", "lab"}), 0);
  ASSERT_EQ(Run({"login", Server(), "--ca", ca_, "--context", "two"}), 0);
  EXPECT_EQ(Run({"context", "use", "lab"}), 0);
  EXPECT_EQ(Run({"context", "list", "-o", "csv"}), 0);
  EXPECT_THAT(Out(), HasSubstr(absl::StrCat("lab,yes,", Server(), ",token\ntwo,no,")));
  EXPECT_EQ(Run({"context", "list", "-o", "json"}), 0);
  EXPECT_THAT(Out(), HasSubstr("\"in_use\": true"));
  EXPECT_EQ(Run({"context", "remove", "lab"}), 0);
  EXPECT_FALSE(Has("tokens/lab"));
  EXPECT_TRUE(Has("tokens/two"));
  EXPECT_EQ(Run({"context", "remove", "lab"}), 3);
  EXPECT_EQ(Run({"logout"}), 8) << "none is in use";
  EXPECT_EQ(Run({"logout", "two"}), 0);
  EXPECT_EQ(Run({"context", "list", "-o", "id"}), 0);
  EXPECT_EQ(Out(), "");
}

// What was written while a person looked for the token was lost.
TEST_F(Login_Test, WhenTheConfigurationChangesMeanwhileThenTheChangeStays) {
  terminal_.read_secret = [this](const std::string&) {
    WriteConfig("timeout = 7\n");
    return typed_;
  };
  ASSERT_EQ(LogIn(), 0) << Err();
  EXPECT_THAT(Read("config.toml"), HasSubstr("timeout = 7\n"));
  terminal_.read_secret = [this](const std::string&) {
    WriteConfig(absl::StrCat("[contexts.localhost]\nserver = \"", Server(), "\"\nkey = \"/other\"\n"));
    return typed_;
  };
  EXPECT_EQ(LogIn(), 8);
  EXPECT_THAT(Err(), HasSubstr("[CONTEXT_CHANGED]"));
  EXPECT_THAT(Read("config.toml"), HasSubstr("/other"));
}

// The token went first, and a context that nobody could use stayed.
TEST_F(Login_Test, WhenATokenCannotBeDeletedThenItIsSaidWhereItIsLeft) {
  ASSERT_EQ(LogIn(), 0);
  const std::string token = Folder() + "/tokens/localhost";
  std::filesystem::remove(token);
  std::filesystem::create_directories(token + "/full");
  EXPECT_EQ(Run({"logout"}), 1);
  EXPECT_THAT(Err(), HasSubstr(token));
  EXPECT_THAT(Err(), HasSubstr("[TOKEN_LEFT]"));
  EXPECT_THAT(Read("config.toml"), Not(HasSubstr("contexts")));
}

TEST_F(Login_Test, WhenTheTokenOfAContextIsGoneThenTheErrorNamesTheContext) {
  ASSERT_EQ(LogIn(), 0);
  std::filesystem::remove(Folder() + "/tokens/localhost");
  EXPECT_EQ(Run({"whoami"}), 4);
  EXPECT_THAT(Err(), HasSubstr("[TOKEN_FILE_GONE]"));
  EXPECT_THAT(Err(), HasSubstr("sumscope context remove localhost"));
  EXPECT_EQ(Run({"whoami", "--token-file", directory_.path() + "/none"}), 2) << "that one was named";
}

// Errors repeated a secret that was typed in the wrong place.
TEST_F(Login_Test, WhenASecretIsTypedInTheWrongPlaceThenItIsNotShown) {
  const std::string secret = "sst_t1a2b3c4_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ-_";
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"login", secret},
                                             {"login", Server(), "--", secret},
                                             {"login", Server(), "--context", secret},
                                             {"whoami", "--server", Server(), "--token-file", secret},
                                             {"whoami", "--timeout", secret},
                                             {secret},
                                             {"runs", secret},
                                             {"runs", "list", "--limit", secret},
                                             {"context", "use", secret}}) {
    EXPECT_NE(Run(words), 0) << words[0];
    EXPECT_THAT(Err(), Not(HasSubstr("sst_t1"))) << words[0];
    EXPECT_THAT(Err(), Not(HasSubstr("abcdef"))) << words[0];
  }
}

TEST_F(Login_Test, WhenTheContextInUseIsRemovedThenItIsSaidWhereCommandsGo) {
  ASSERT_EQ(LogIn(), 0);
  EXPECT_EQ(Run({"context", "remove", "localhost"}), 0);
  EXPECT_THAT(Err(), HasSubstr("Commands go to the local socket"));
}

TEST_F(Login_Test, WhenTheFarEndOfSshIsLedElsewhereThenItIsRefused) {
  EXPECT_EQ(Run({"dial-stdio", "--server", "box:1"}), 2);
  EXPECT_THAT(Err(), HasSubstr("[USAGE]"));
}

TEST_F(Login_Test, WhenATokenFileIsOpenToOthersThenItIsNotUsed) {
  ASSERT_EQ(LogIn(), 0);
  ASSERT_EQ(chmod((Folder() + "/tokens/localhost").c_str(), 0644), 0);
  EXPECT_EQ(Run({"whoami"}), 4);
  EXPECT_THAT(Err(), HasSubstr("[TOKEN_FILE_OPEN_TO_OTHERS]"));
}

}  // namespace
}  // namespace sumscope::client

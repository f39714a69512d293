#include "client/cli/app/config.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "proto/contract/errors/errors.h"
#include "tests/support/temp_directory.h"

namespace sumscope::client {
namespace {

class Config_Test : public ::testing::Test {
 protected:
  void Write(const std::string& text) {
    std::filesystem::create_directories(directory_.path() + "/sumscope");
    std::ofstream(directory_.path() + "/sumscope/config.toml") << text;
  }
  Environment Variables() {
    Environment environment;
    environment.xdg_config_home = directory_.path();
    return environment;
  }
  const TempDirectory directory_;
};

TEST_F(Config_Test, WhenNobodySaysThenSettingsAreEmpty) {
  const auto settings = ResolveSettings({}, Variables());
  ASSERT_TRUE(settings.ok());
  EXPECT_EQ(settings->server, "");
  EXPECT_EQ(settings->output, "");
}

TEST_F(Config_Test, WhenAllSayThenFlagBeatsEnvironmentBeatsContextBeatsFile) {
  Write(
      "server = 'file:1'\ntimeout = 5\noutput = 'csv'\ncontext = 'lab'\n[contexts.lab]\nserver = 'lab:1'\n"
      "[contexts.home]\nserver = 'home:1'\n");
  Environment environment = Variables();
  EXPECT_EQ(ResolveSettings({}, environment)->server, "lab:1");
  EXPECT_EQ(ResolveSettings({}, environment)->timeout, "5");
  EXPECT_EQ(ResolveSettings({}, environment)->output, "csv");
  environment.context = "home";
  EXPECT_EQ(ResolveSettings({}, environment)->server, "home:1");
  environment.server = "environment:1";
  EXPECT_EQ(ResolveSettings({}, environment)->server, "environment:1");
  Settings flags;
  flags.server = "flag:1";
  EXPECT_EQ(ResolveSettings(flags, environment)->server, "flag:1");
}

// A token of one server went to another one.
TEST_F(Config_Test, WhenAnotherServerIsNamedThenCredentialsOfTheFileAreNotForIt) {
  Write(
      "server = 'file:1'\nca = 'file.pem'\ncontext = 'lab'\n[contexts.lab]\nserver = 'lab:1'\ntoken_file = "
      "'tokens/lab'\n"
      "ca = '/lab.pem'\n[contexts.plain]\noutput = 'csv'\n");
  Environment environment = Variables();
  environment.home = "/home/ann";
  EXPECT_EQ(ResolveSettings({}, environment)->token_file, directory_.path() + "/sumscope/tokens/lab");
  EXPECT_EQ(ResolveSettings({}, environment)->ca, "/lab.pem");
  Settings flags;
  flags.server = "other:1";
  EXPECT_EQ(ResolveSettings(flags, environment)->token_file, "");
  EXPECT_EQ(ResolveSettings(flags, environment)->ca, "");
  flags.server = "lab:1";
  EXPECT_EQ(ResolveSettings(flags, environment)->ca, "/lab.pem") << "the same server";
  environment.server = "other:1";
  EXPECT_EQ(ResolveSettings({}, environment)->ca, "");
  environment.ca = "given.pem";
  EXPECT_EQ(ResolveSettings({}, environment)->ca, "given.pem");
  environment = Variables();
  environment.context = "plain";
  EXPECT_EQ(ResolveSettings({}, environment)->server, "file:1");
  EXPECT_EQ(ResolveSettings({}, environment)->ca, directory_.path() + "/sumscope/file.pem");
  Write("ca = '~/lab.pem'\n");
  environment = Variables();
  environment.home = "/home/ann";
  EXPECT_EQ(ResolveSettings({}, environment)->ca, "/home/ann/lab.pem");
}

TEST_F(Config_Test, WhenTheFileIsWrongThenItIsRefused) {
  for (const char* bad : {"serfer = 'x'", "server = 5", "server = ", "context = 'nobody'", "contexts = 5",
                          "[contexts]\nlab = 5", "[contexts.lab]\ncontext = 'x'", "[other]\nx = 1", "output = true"}) {
    Write(bad);
    const absl::Status status = ResolveSettings({}, Variables()).status();
    EXPECT_EQ(ErrorReason(status), "CONFIG_INVALID") << bad;
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << bad;
  }
}

// A configuration that could not be read was taken for none: commands went to another server.
TEST_F(Config_Test, WhenTheFileCannotBeReadThenItIsAnError) {
  EXPECT_TRUE(ResolveSettings({}, Variables()).ok());  // there is none
  const std::string path = directory_.path() + "/sumscope/config.toml";
  std::filesystem::create_directories(path);
  EXPECT_EQ(ErrorReason(ResolveSettings({}, Variables()).status()), "CONFIG_NOT_READABLE");
  std::filesystem::remove(path);
  std::filesystem::create_symlink("config.toml", path);
  EXPECT_EQ(ErrorReason(ResolveSettings({}, Variables()).status()), "CONFIG_NOT_READABLE");
  std::filesystem::remove(path);
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(ErrorReason(ResolveSettings({}, Variables()).status()), "CONFIG_NOT_READABLE") << "waits for no writer";
  std::filesystem::remove(path);
  Write("");
  EXPECT_TRUE(ResolveSettings({}, Variables()).ok());
  std::filesystem::permissions(path, std::filesystem::perms::none);
  if (access(path.c_str(), R_OK) == 0) GTEST_SKIP() << "root may read everything";
  EXPECT_EQ(ErrorReason(ResolveSettings({}, Variables()).status()), "CONFIG_NOT_READABLE");
}

// A configuration that anybody could write led commands, and ssh, anywhere.
TEST_F(Config_Test, WhenOthersMayWriteTheFileThenItIsRefused) {
  Write("server = 'file:1'");
  const std::string path = directory_.path() + "/sumscope/config.toml";
  for (const mode_t mode : {0666u, 0620u, 0602u}) {
    ASSERT_EQ(chmod(path.c_str(), mode), 0);
    const absl::Status status = ResolveSettings({}, Variables()).status();
    EXPECT_EQ(ErrorReason(status), "CONFIG_OPEN_TO_OTHERS") << mode;
    EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  }
  ASSERT_EQ(chmod(path.c_str(), 0644), 0);
  EXPECT_TRUE(ResolveSettings({}, Variables()).ok()) << "to be read";
  if (geteuid() != 0) GTEST_SKIP() << "only root gives files away";
  ASSERT_EQ(chown(path.c_str(), 1, static_cast<gid_t>(-1)), 0);
  EXPECT_EQ(ErrorReason(ResolveSettings({}, Variables()).status()), "CONFIG_OPEN_TO_OTHERS") << "another user's";
}

// A certificate of the command line went with the token of a context, who may be somebody else.
TEST_F(Config_Test, WhenACredentialIsGivenThenNoneOfAWeakerPlaceJoinsIt) {
  Write("context = 'lab'\n[contexts.lab]\nserver = 'lab:1'\nca = '/ca'\ntoken_file = '/t'\n");
  Settings flags;
  flags.certificate = "/c";
  flags.key = "/k";
  EXPECT_EQ(ResolveSettings(flags, Variables())->token_file, "");
  EXPECT_EQ(ResolveSettings(flags, Variables())->ca, "/ca");
  Environment environment = Variables();
  environment.certificate = "/c";
  environment.key = "/k";
  EXPECT_EQ(ResolveSettings({}, environment)->token_file, "");
  flags = Settings();
  flags.token_file = "/mine";
  EXPECT_EQ(ResolveSettings(flags, environment)->certificate, "");
}

TEST(Timeout_Test, GivenSecondsOrSpansThenTheyAreRead) {
  EXPECT_EQ(*ParseTimeout(""), absl::Seconds(30));
  EXPECT_EQ(*ParseTimeout("45"), absl::Seconds(45));
  EXPECT_EQ(*ParseTimeout("0.5"), absl::Milliseconds(500));
  EXPECT_EQ(*ParseTimeout("2m"), absl::Minutes(2));
  for (const char* bad : {"0", "-1", "x", "5 parsecs", "nan", "inf", "9999h"}) {
    EXPECT_EQ(ErrorReason(ParseTimeout(bad).status()), "TIMEOUT_INVALID") << bad;
  }
}

}  // namespace
}  // namespace sumscope::client

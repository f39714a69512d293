// What is proposed while somebody presses Tab.
#include <filesystem>
#include <fstream>

#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "tests/client/cli/fixtures.h"

namespace sumscope::client {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::Not;

class Complete_Test : public CommandFixture {
 protected:
  // What could stand for the last of `words`, without descriptions.
  std::vector<std::string> After(std::vector<std::string> words) {
    words.insert(words.begin(), {"complete", "--"});
    EXPECT_EQ(Run(words), 0);
    EXPECT_EQ(Err(), "");
    std::vector<std::string> proposed;
    for (const absl::string_view line : absl::StrSplit(Out(), '\n', absl::SkipEmpty())) {
      proposed.emplace_back(line.substr(0, line.find('\t')));
    }
    return proposed;
  }
};

TEST_F(Complete_Test, GivenABeginningThenCommandsAndOptionsOfItsPlace) {
  EXPECT_THAT(After({"ru"}), ElementsAre("runs"));
  EXPECT_THAT(After({""}), IsSupersetOf({"train", "runs", "probe", "captures"}));
  EXPECT_THAT(After({"runs", "c"}), Contains("cancel"));
  EXPECT_THAT(After({"runs", "metrics", "--fi"}), ElementsAre("--first-step"));
  EXPECT_THAT(After({"runs", "metrics", "--"}), IsSupersetOf({"--follow", "--output", "--server"}));
  EXPECT_THAT(After({"completion", "z"}), ElementsAre("zsh"));
}

TEST_F(Complete_Test, GivenAnOptionThenItsValues) {
  EXPECT_THAT(After({"runs", "list", "-o", "j"}), ElementsAre("json", "jsonl"));
  EXPECT_THAT(After({"runs", "list", "--output", ""}), Contains("csv"));
  EXPECT_THAT(After({"runs", "list", "--output=c"}), ElementsAre("--output=csv"));
  EXPECT_THAT(After({"probe", "r7", "ablate", "--mode", ""}), ElementsAre("mean", "zero", "resample"));
  EXPECT_THAT(After({"probe", "r7", "evaluate", "--questions", "u"}), ElementsAre("uniform:"));
  EXPECT_THAT(After({"train", "m", "--set", "d_mo"}), ElementsAre("d_model="));
  EXPECT_THAT(After({"train", "m", "--watch", "--then", "evaluate,ca"}), ElementsAre("evaluate,cascades"));
  EXPECT_THAT(After({"analyses", "list", "--analysis", "useful"}), ElementsAre("useful-nodes"));
  EXPECT_THAT(After({"runs", "list", "--filter", ""}), ElementsAre());
  EXPECT_THAT(After({"runs", "list", "--sort-by", ""}), IsSupersetOf({"create_time", "accuracy", "sure_to"}));
}

TEST_F(Complete_Test, GivenAContextThenThoseOfTheConfiguration) {
  EXPECT_THAT(After({"context", "use", ""}), ElementsAre());
  std::filesystem::create_directories(directory_.path() + "/sumscope");
  std::ofstream(directory_.path() + "/sumscope/config.toml") << "[contexts.lab]\nserver = 'lab:1'\n[contexts.two]\n";
  EXPECT_THAT(After({"context", "use", ""}), ElementsAre("lab", "two"));
  EXPECT_THAT(After({"--context", "l"}), ElementsAre("lab"));
  EXPECT_THAT(After({"logout", "t"}), ElementsAre("two"));
  EXPECT_THAT(server_.calls(), ElementsAre());
}

TEST_F(Complete_Test, GivenAFileThenTheShellIsToldSo) {
  EXPECT_THAT(After({"--ca", ""}), ElementsAre(":files"));
  EXPECT_THAT(After({"import", ""}), ElementsAre(":files"));
  EXPECT_THAT(After({"runs", "list", "--out", "x"}), ElementsAre(":files"));
  EXPECT_THAT(After({"probe", "r7", "evaluate", "--questions", "file:/tm"}), ElementsAre(":files"));
  EXPECT_THAT(Out(), HasSubstr(":files\tfile:\n"));
}

TEST_F(Complete_Test, GivenAnIdIsWantedThenTheServerSaysWhichThereAre) {
  EXPECT_THAT(After({"runs", "show", "r"}), ElementsAre("r0", "r1", "r2"));
  EXPECT_THAT(Out(), HasSubstr("r0\tadd_d5_l1_h3_t15K_s372001 SUCCEEDED\n"));
  EXPECT_THAT(After({"runs", "delete", "r0", "r1"}), ElementsAre("r1"));  // one of several
  EXPECT_THAT(After({"runs", "show", "r0", "r"}), ElementsAre());         // there is no second
  EXPECT_THAT(After({"probe", "@l"}), ElementsAre("@last"));
  EXPECT_THAT(After({"ask", "r7@1"}), ElementsAre("r7@15000"));
  EXPECT_THAT(After({"analyses", "show", ""}), ElementsAre("a1b2c3d4", "@last"));
  EXPECT_THAT(After({"analyses", "show", "r7/"}), ElementsAre("r7/a1b2c3d4", "r7/@last"));
  EXPECT_THAT(After({"captures", "get", "a"}), ElementsAre("a1b2c3d4"));
  EXPECT_EQ(server_.LastRequest<v1::ListAnalysesRequest>().analysis(), "capture");
  EXPECT_THAT(After({"probe", "r7", "eva"}), ElementsAre("evaluate"));
}

TEST_F(Complete_Test, GivenAUserATokenOrAWordOfAFewThenThoseThereAre) {
  v1::User& user = server_.users.emplace_back();
  user.set_name("users/bob");
  user.set_role(v1::VIEWER);
  for (const char* token : {"users/ada/tokens/tkept000", "users/ada/tokens/trevoked"}) {
    v1::Token& one = server_.tokens.emplace_back();
    one.set_name(token);
    one.set_display_name("laptop");
  }
  server_.tokens.back().mutable_revoke_time()->set_seconds(1);
  EXPECT_THAT(After({"users", "show", ""}), ElementsAre("bob"));
  EXPECT_THAT(Out(), HasSubstr("bob\tviewer\n"));
  EXPECT_THAT(After({"audit", "--user", "b"}), ElementsAre("bob"));
  EXPECT_THAT(After({"users", "add", "b"}), ElementsAre()) << "a name of one's own";
  EXPECT_THAT(After({"token", "revoke", ""}), ElementsAre("tkept000"));
  EXPECT_THAT(After({"users", "add", "x", "--role", ""}), ElementsAre("viewer", "member", "admin"));
  EXPECT_THAT(After({"users", "set-role", "bob", "m"}), ElementsAre("member"));
  EXPECT_THAT(After({"runs", "set-visibility", "r0", ""}), ElementsAre("lab", "private"));
}

// Living runs and @last were proposed, which it refuses.
TEST_F(Complete_Test, GivenARunToUndeleteThenDeletedOnesAlone) {
  server_.deleted = {"runs/r1"};
  EXPECT_THAT(After({"runs", "undelete", ""}), ElementsAre("r1"));
  EXPECT_THAT(After({"runs", "undelete", "r1", ""}), ElementsAre("r1"));  // one of several
  EXPECT_THAT(After({"runs", "delete", ""}), ElementsAre("r0", "r2", "@last"));
}

TEST_F(Complete_Test, GivenAServerOnTheLineThenItIsAsked) {
  environment_.server = "unix:/nonexistent/s";
  EXPECT_THAT(After({"--server", server_.address(), "runs", "show", "r0"}), ElementsAre("r0"));
  EXPECT_THAT(After({"runs", "show", "--server=" + server_.address(), "r0"}), ElementsAre("r0"));
}

// A server that does not answer must not keep a person who pressed Tab.
TEST_F(Complete_Test, GivenAServerThenItIsAskedWithAShortDeadline) {
  EXPECT_THAT(After({"runs", "show", "r0"}), ElementsAre("r0"));
  EXPECT_LE(server_.list_patience, absl::Seconds(1));
}

TEST_F(Complete_Test, GivenNoServerThenNothingIsSaid) {
  server_.Stop();
  EXPECT_THAT(After({"runs", "show", "r"}), ElementsAre());
  EXPECT_THAT(After({"runs", "sh"}), ElementsAre("show"));
  environment_.server = "nonsense";
  EXPECT_THAT(After({"runs", "show", "r"}), ElementsAre());
  environment_.server = "127.0.0.1:1";
  EXPECT_THAT(After({"runs", "show", "r"}), ElementsAre());
  EXPECT_EQ(sleeper_.sleeps, 0);
}

TEST_F(Complete_Test, GivenAShellThenItsScriptAsksForWhatIsTyped) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    EXPECT_EQ(Run({"completion", shell}), 0);
    EXPECT_THAT(Out(), HasSubstr("sumscope complete --"));
  }
  EXPECT_EQ(Run({"completion", "tcsh"}), 2);
  EXPECT_EQ(Run({"--help"}), 0);
  EXPECT_THAT(Out(), Not(HasSubstr("complete --")));
}

}  // namespace
}  // namespace sumscope::client

// Private runs: how they are made, changed and shown.
#include <fstream>
#include <string>

#include "gmock/gmock.h"
#include "nlohmann/json.hpp"
#include "tests/client/cli/fixtures.h"

namespace sumscope::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class Visibility_Test : public CommandFixture {};

TEST_F(Visibility_Test, WhenARunIsMadeThenItIsPrivateOnlyIfOneSaysSo) {
  EXPECT_EQ(Run({"train", "add_d5_l1_h3"}), 0);
  EXPECT_EQ(server_.LastRequest<v1::CreateRunRequest>().visibility(), v1::VISIBILITY_UNSPECIFIED);
  EXPECT_THAT(Out(), Not(HasSubstr("VISIBILITY")));
  EXPECT_EQ(Run({"train", "add_d5_l1_h3", "--private"}), 0);
  EXPECT_EQ(server_.LastRequest<v1::CreateRunRequest>().visibility(), v1::PRIVATE);
  EXPECT_THAT(Out(), HasSubstr("  ada*  "));
  const std::string path = directory_.path() + "/w.safetensors";
  std::ofstream(path, std::ios::binary) << SmallSafetensors();
  EXPECT_EQ(Run({"import", path}), 0);
  EXPECT_EQ(server_.LastRequest<v1::ImportHeader>().visibility(), v1::VISIBILITY_UNSPECIFIED);
  EXPECT_EQ(Run({"import", path, "--private"}), 0);
  EXPECT_EQ(server_.LastRequest<v1::ImportHeader>().visibility(), v1::PRIVATE);
}

TEST_F(Visibility_Test, WhenItIsChangedThenTheMaskNamesItAndTheAnswerShowsIt) {
  EXPECT_EQ(Run({"runs", "set-visibility", "r7", "private"}), 0);
  auto request = server_.LastRequest<v1::UpdateRunRequest>();
  EXPECT_EQ(request.run().name(), "runs/r7");
  EXPECT_EQ(request.run().visibility(), v1::PRIVATE);
  EXPECT_THAT(request.update_mask().paths(), ElementsAre("visibility"));
  EXPECT_THAT(Out(), HasSubstr("  private "));
  EXPECT_EQ(Run({"runs", "set-visibility", "r7", "lab"}), 0);
  EXPECT_EQ(server_.LastRequest<v1::UpdateRunRequest>().run().visibility(), v1::LAB);
  EXPECT_THAT(Out(), HasSubstr("VISIBILITY"));
}

TEST_F(Visibility_Test, WhenTheWordIsWrongThenExitCodeTwoBeforeAnyCall) {
  EXPECT_EQ(Run({"runs", "set-visibility", "r7", "secret"}), 2);
  EXPECT_EQ(Err(), "error: \"secret\" is no visibility; expected lab or private [VISIBILITY_UNKNOWN]\n");
  EXPECT_EQ(Run({"runs", "set-visibility", "r7"}), 2);
  EXPECT_THAT(server_.calls(), IsEmpty());
}

// One private run took the columns of loss, age and owner from a list of 80 columns.
TEST_F(Visibility_Test, WhenAListedRunIsPrivateThenItsOwnerIsMarked) {
  EXPECT_EQ(Run({"runs", "list"}), 0);
  EXPECT_THAT(Out(), Not(HasSubstr("VISIBILITY")));
  EXPECT_EQ(Run({"runs", "list", "-o", "wide"}), 0);
  EXPECT_THAT(Out(), HasSubstr("VISIBILITY"));
  EXPECT_EQ(Run({"runs", "list", "-o", "csv"}), 0);
  EXPECT_THAT(Out(), HasSubstr(",visibility\n"));
  EXPECT_THAT(Out(), HasSubstr(",lab\n"));
  server_.run.set_visibility(v1::PRIVATE);
  server_.run.set_owner("ada");
  EXPECT_EQ(Run({"runs", "list"}), 0);
  EXPECT_THAT(Out(), Not(HasSubstr("VISIBILITY")));
  EXPECT_THAT(Out(), HasSubstr("  ada*\n"));
  EXPECT_EQ(Err(), "");
  EXPECT_EQ(Run({"runs", "list", "-o", "csv"}), 0);
  EXPECT_THAT(Out(), HasSubstr(",ada,"));
  terminal_.out_is_terminal = true;
  terminal_.width_of_out = [] { return 80; };
  EXPECT_EQ(Run({"runs", "list"}), 0);
  for (const char* column : {"HELDOUT", "AGE", "OWNER", "ada*"}) EXPECT_THAT(Out(), HasSubstr(column));
  EXPECT_EQ(Err(), "* private: only its owner and admins see it\n");
}

TEST_F(Visibility_Test, WhenARunIsShownThenWhoSeesItIsSaid) {
  EXPECT_EQ(Run({"runs", "show", "r7"}), 0);
  EXPECT_THAT(Out(), HasSubstr("\nvisibility     lab\n"));
  server_.run.set_visibility(v1::PRIVATE);
  EXPECT_EQ(Run({"runs", "show", "r7"}), 0);
  EXPECT_THAT(Out(), HasSubstr("\nvisibility     private (its owner and admins see it)\n"));
  EXPECT_EQ(Run({"runs", "show", "r7", "-o", "json"}), 0);
  EXPECT_EQ(nlohmann::json::parse(Out())["visibility"], "PRIVATE");
}

}  // namespace
}  // namespace sumscope::client

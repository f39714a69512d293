#include "client/cli/connecting/config_edit.h"

#include <gtest/gtest.h>

#include <string>

#include "proto/contract/errors/errors.h"

namespace sumscope::client {
namespace {

constexpr char kPath[] = "config.toml";
constexpr char kText[] =
    "# of the lab\n"
    "server = \"unix:/run/s\"   # when at home\n"
    "\n"
    "[contexts.gpu]  # the box\n"
    "  server = 'gpu:1' # basement\n"
    "timeout = 5\n"
    "# its end\n"
    "\n"
    "[contexts.\"a b\"]\n"
    "server = \"x:1\"\n";

std::string Set(const std::string& text, const std::string& name, const ContextKeys& keys) {
  return WithContext(text, kPath, name, keys).value();
}

TEST(ConfigEdit_Test, WhenAContextIsMissingThenItComesAtTheEndAndAllElseStays) {
  const ContextKeys keys = {{"server", "lab:7433"}, {"ca", ""}, {"token_file", "/t/\"lab\""}};
  const std::string context = "[contexts.lab]\nserver = \"lab:7433\"\ntoken_file = \"/t/\\u0022lab\\u0022\"\n";
  EXPECT_EQ(Set(kText, "lab", keys), std::string(kText) + "\n" + context);
  EXPECT_EQ(Set("", "lab", keys), context);
  EXPECT_EQ(Set("timeout = 5", "lab", keys), "timeout = 5\n\n" + context);
  EXPECT_EQ(Set("timeout = 5\r\n", "a.b", {{"server", "x:1"}}),
            "timeout = 5\r\n\r\n[contexts.\"a.b\"]\r\nserver = \"x:1\"\r\n");
}

TEST(ConfigEdit_Test, WhenAContextIsThereThenItsValuesChangeInTheirPlaces) {
  std::string wanted = kText;
  wanted.replace(wanted.find("'gpu:1'"), 7, "\"gpu:2\"");
  wanted.insert(wanted.find("# its end"), "ca = \"/ca\"\n");
  EXPECT_EQ(Set(kText, "gpu", {{"server", "gpu:2"}, {"ca", "/ca"}}), wanted);
  EXPECT_EQ(Set(wanted, "gpu", {{"server", "gpu:2"}, {"ca", ""}}).size(), wanted.size() - 11) << "taken away again";
  EXPECT_EQ(Set("[contexts.l]\n", "l", {{"key", "k"}}), "[contexts.l]\nkey = \"k\"\n");
  EXPECT_EQ(Set("[contexts.l]\nserver = \"\xc3\xa4\" # \xc3\xb6\n", "l", {{"server", "\xc3\xbc"}}),
            "[contexts.l]\nserver = \"\xc3\xbc\" # \xc3\xb6\n");
}

TEST(ConfigEdit_Test, WhenAContextIsTakenAwayThenAllElseStays) {
  std::string wanted = kText;
  const size_t from = wanted.find("[contexts.gpu]"), to = wanted.find("# its end");
  wanted.erase(from, to - from);
  EXPECT_EQ(WithoutContext(kText, kPath, "gpu").value(), wanted);
  const std::string added = Set(kText, "lab", {{"server", "lab:1"}});
  EXPECT_EQ(WithoutContext(added, kPath, "lab").value(), kText);
  EXPECT_EQ(WithoutContext("context = \"l\"\n[contexts.l]\n", kPath, "l").value(), "") << "and the choice of it";
}

TEST(ConfigEdit_Test, WhenAContextIsChosenThenOneLineSaysSo) {
  const std::string chosen = WithChosenContext(kText, kPath, "gpu").value();
  std::string wanted = kText;
  wanted.insert(wanted.find("\n[contexts.gpu]"), "context = \"gpu\"\n");
  EXPECT_EQ(chosen, wanted);
  wanted.replace(wanted.find("\"gpu\""), 5, "\"a b\"");
  EXPECT_EQ(WithChosenContext(chosen, kPath, "a b").value(), wanted);
  EXPECT_EQ(WithChosenContext("\xef\xbb\xbf[contexts.l]\n", kPath, "l").value(),
            "\xef\xbb\xbf"
            "context = \"l\"\n[contexts.l]\n");
}

// What is not found line by line is left to a person, never broken.
TEST(ConfigEdit_Test, WhenTheTextIsWrittenInAnotherWayThenItIsRefused) {
  for (const char* text : {"contexts = { l = { server = \"x\" } }\n", "contexts.l.server = \"x\"\n",
                           "[contexts]\nl = { server = \"x\" }\n", "[contexts]\nl.server = \"x\"\n",
                           "[contexts.l]\nserver = \"\"\"\nx\"\"\"\n"}) {
    const absl::Status set = WithContext(text, kPath, "l", {{"server", "y:1"}}).status();
    EXPECT_EQ(ErrorReason(set), "CONFIG_NOT_EDITABLE") << text;
    EXPECT_EQ(set.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(ErrorReason(WithoutContext(text, kPath, "l").status()), "CONFIG_NOT_EDITABLE") << text;
  }
  EXPECT_EQ(ErrorReason(WithContext("nonsense", kPath, "l", {{"server", "y:1"}}).status()), "CONFIG_INVALID");
}

// A line of a text of several lines looked like a key, or a header.
TEST(ConfigEdit_Test, WhenALongTextHoldsWhatLooksLikeAKeyThenItIsNotTouched) {
  const std::string text = "output = '''\nserver = \"x\"\n[contexts.l]\n'''\n[contexts.l]\nserver = \"a:1\"\n";
  const absl::StatusOr<std::string> changed = WithContext(text, kPath, "l", {{"server", "b:1"}});
  if (changed.ok()) {
    std::string wanted = text;
    wanted.replace(wanted.find("a:1"), 3, "b:1");
    EXPECT_EQ(*changed, wanted);
  } else {
    EXPECT_EQ(ErrorReason(changed.status()), "CONFIG_NOT_EDITABLE");
  }
}

}  // namespace
}  // namespace sumscope::client

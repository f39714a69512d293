// Changes of the client's config.toml as text: what was there stays, comments too, and a change that is made is what
// was asked for, which the code under test sees to by parsing again.
#include "client/cli/connecting/config_edit.h"

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "client/cli/app/config.h"
#include "tests/fuzz/targets/support/input.h"
#include "tests/fuzz/targets/support/properties.h"
#include "tests/fuzz/targets/target.h"

namespace sumscope::fuzz {
namespace {

constexpr char kPath[] = "config.toml";
const char* const kNames[] = {"lab", "a.b", "a b", "\"", "\xc3\xa4"};

// The lines that are comments.
std::string CommentsOf(absl::string_view text) {
  absl::ConsumePrefix(&text, "\xef\xbb\xbf");
  std::vector<std::string> comments;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    if (absl::StartsWith(line, "#")) comments.emplace_back(line);
  }
  return absl::StrJoin(comments, "\n");
}

void CheckSet(absl::string_view text, const client::ConfigFile& before, const std::string& name,
              const std::string& value) {
  const auto changed = client::WithContext(text, kPath, name, {{"server", value}, {"ca", ""}, {"key", "k"}});
  if (!changed.ok()) return RequireToldWell(changed.status());
  const bool there = before.contexts.count(name) > 0;
  Require(there || absl::StartsWith(*changed, text), "what was there stays in front of what is added");
  if (there) RequireEqual(CommentsOf(*changed), CommentsOf(text), "comments stay");
}

void CheckChoice(absl::string_view text, const std::string& name) {
  const auto chosen = client::WithChosenContext(text, kPath, name);
  if (!chosen.ok()) return RequireToldWell(chosen.status());
  RequireEqual(CommentsOf(*chosen), CommentsOf(text), "comments stay");
}

void CheckRemoval(absl::string_view text, const std::string& name) {
  const auto removed = client::WithoutContext(text, kPath, name);
  if (!removed.ok()) return RequireToldWell(removed.status());
  Require(removed->size() <= text.size(), "nothing comes where something goes");
}

}  // namespace

// The first byte of an input chooses the name.
Corpus CorpusOfTarget() {
  return {
      {absl::StrCat(std::string(1, 0), "# mine\nserver = 'x:1' # here\ncontext = \"lab\"\n\n[contexts.lab]  # box\n",
                    "server = 'a:1'\n# end\n"),
       "\x01[contexts.\"a.b\"]\r\nca = '/ca'\r\nkey = \"k\"\r\n[contexts.z]\r\n",
       "\x05contexts = { lab = { server = 'x' } }", "\x05contexts.lab.server = 'x'",
       "\x05\xef\xbb\xbfoutput = \"\"\"\n[contexts.lab]\n\"\"\"\n[contexts.lab]\n"},
      {"[contexts.lab]",
       "[contexts.\"a.b\"]",
       "context",
       "server",
       "ca",
       "key",
       " = ",
       "\"lab\"",
       "'''",
       "\"\"\"",
       "\n",
       "\r\n",
       "\r",
       "#",
       "\\u00e4",
       "\xc3\xa4",
       "\xe2\x80\xa8",
       "\xef\xbb\xbf",
       "\t",
       "\f",
       ".",
       "[",
       "]",
       "{",
       "}"}};
}

}  // namespace sumscope::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sumscope;
  fuzz::Input input(data, size);
  const uint8_t choice = input.Byte();
  const std::string name = fuzz::kNames[choice % 5];
  const std::string value = absl::StrCat("s\"\\\n\xc3\xa4:", choice);
  const absl::string_view text = input.Rest();
  const auto before = client::ParseConfig(text, fuzz::kPath);
  if (!before.ok()) {
    fuzz::RequireToldWell(before.status());
    return 0;
  }
  fuzz::CheckSet(text, *before, name, value);
  fuzz::CheckChoice(text, name);
  if (before->contexts.count(name) > 0) fuzz::CheckRemoval(text, name);
  return 0;
}

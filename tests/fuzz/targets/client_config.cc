// The text of the client's config.toml, and time-outs. What is taken prints to a text that is read as the same.
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "client/cli/app/config.h"
#include "tests/fuzz/targets/support/input.h"
#include "tests/fuzz/targets/support/properties.h"
#include "tests/fuzz/targets/support/toml_text.h"
#include "tests/fuzz/targets/target.h"

namespace sumscope::fuzz {
namespace {

// Without `context`, which a context itself must not have.
std::string Print(const client::Settings& settings) {
  return absl::StrCat("server = ", TomlText(settings.server), "\ntimeout = ", TomlText(settings.timeout),
                      "\noutput = ", TomlText(settings.output), "\nca = ", TomlText(settings.ca),
                      "\ntoken_file = ", TomlText(settings.token_file),
                      "\ncertificate = ", TomlText(settings.certificate), "\nkey = ", TomlText(settings.key), "\n");
}

std::string Print(const client::ConfigFile& file) {
  std::string text = absl::StrCat(Print(file.settings), "context = ", TomlText(file.settings.context), "\n");
  for (const auto& [name, settings] : file.contexts) {
    absl::StrAppend(&text, "[contexts.", TomlText(name), "]\n", Print(settings));
  }
  return text;
}

void CheckTimeout(absl::string_view text) {
  const auto timeout = client::ParseTimeout(text);
  if (!timeout.ok()) return RequireToldWell(timeout.status());
  Require(*timeout > absl::ZeroDuration() && *timeout <= absl::Hours(24), "a time-out is positive and at most a day");
  const auto again = client::ParseTimeout(absl::FormatDuration(*timeout));
  Require(again.ok() && *again == *timeout, "a time-out is read as the same");
}

}  // namespace

Corpus CorpusOfTarget() {
  return {{"server = \"unix:/run/sumscope/sumscope.sock\"\ntimeout = \"30s\"\noutput = \"table\"\ncontext = \"lab\"\n"
           "[contexts.lab]\nserver = \"gpu-box:7433\"\ntimeout = 2.5\nca = 'ca.pem'\ntoken_file = '~/t'\ncertificate = "
           "'/c'\nkey = 'k'\n[contexts.\"a b\"]\noutput = 'json'\n",
           "timeout = 45", "contexts = { lab = { server = \"x\" } }", "contexts.lab.server = \"x\"", "", "2m", "1h30m",
           "0.001", "1e3", "86400"},
          {"server", "timeout", "output", "context", "[contexts.", "contexts",     "]",       " = ", "\"",
           "'",      "{",       "}",      ".",       "\n",         "[[contexts]]", "\\u00e9", "#",   "inf",
           "nan",    "-0",      "ms",     "ns",      "24h",        "a.",           "{a="}};
}

}  // namespace sumscope::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sumscope;
  const absl::string_view text = fuzz::Input(data, size).Rest();
  fuzz::CheckTimeout(text);
  const auto file = client::ParseConfig(text, "config.toml");
  if (!file.ok()) {
    fuzz::RequireToldWell(file.status());
    return 0;
  }
  fuzz::CheckTimeout(file->settings.timeout);
  const std::string printed = fuzz::Print(*file);
  const auto again = client::ParseConfig(printed, "printed.toml");
  fuzz::Require(again.ok(), absl::StrCat("a printed configuration is taken: ", again.status().ToString()));
  fuzz::RequireEqual(fuzz::Print(*again), printed, "a printed configuration is the same");
  return 0;
}

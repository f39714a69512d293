#include "client/cli/completing/complete.h"

#include <memory>
#include <ostream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/cli/completing/proposals.h"
#include "client/cli/completing/typed.h"
#include "proto/contract/text/terminal_text.h"

namespace sumscope::client {
namespace {

// Asks once, with patience for nothing: a person waits for the Tab.
std::vector<Proposal> AskServer(const Typed& typed, const Environment& environment, const Dependencies& dependencies) {
  const absl::StatusOr<Settings> settings = ResolveSettings(typed.settings, environment);
  if (!settings.ok()) return {};
  absl::StatusOr<ConnectionOptions> options = FindServer(*settings, environment);
  if (!options.ok()) return {};
  options->unattended = true;
  options->timeout = absl::Milliseconds(500);
  options->call_patience = options->stream_patience = options->first_patience = absl::ZeroDuration();
  Connection connection(*options, dependencies.sleeper, dependencies.cancellation);
  return IdsOf(connection, typed.option.empty() ? typed.argument : typed.option, typed.word);
}

void Print(const Typed& typed, const std::vector<Proposal>& proposals, std::ostream& out) {
  for (const Proposal& proposal : proposals) {
    if (!absl::StartsWith(proposal.word, typed.word)) continue;
    out << EscapeText(absl::StrCat(typed.before, proposal.word)) << "\t" << EscapeText(proposal.description) << "\n";
  }
}

std::vector<Proposal> Named(const std::vector<std::pair<std::string, std::string>>& names) {
  std::vector<Proposal> proposals;
  for (const auto& [name, description] : names) proposals.push_back({name, description});
  return proposals;
}

// Of the configuration file; no server is asked.
std::vector<Proposal> ContextsOf(const Environment& environment) {
  std::vector<Proposal> proposals;
  const std::string path = ConfigPath(environment);
  const absl::StatusOr<std::string> text = ReadConfigText(path);
  if (!text.ok()) return proposals;
  const absl::StatusOr<ConfigFile> config = ParseConfig(*text, path);
  if (!config.ok()) return proposals;
  for (const auto& [name, settings] : config->contexts) proposals.push_back({name, settings.server});
  return proposals;
}

// Options whose values the server knows.
bool HasIds(absl::string_view option) { return option == "--user" || option == "--after" || option == "--sweep"; }

}  // namespace

void Complete(const CLI::App& root, const std::vector<std::string>& words, const Environment& environment,
              const Dependencies& dependencies) {
  const Typed typed = FollowWords(root, words);
  std::ostream& out = *dependencies.terminal->out;
  const std::string& name = typed.option.empty() ? typed.argument : typed.option;
  constexpr absl::string_view kFile = "file:";
  if (typed.option == "--questions" && absl::StartsWith(typed.word, kFile)) {
    out << ":files\t" << typed.before << kFile << "\n";
  } else if (typed.option.empty() && absl::StartsWith(typed.word, "-")) {
    Print(typed, Named(typed.options), out);
  } else if (TakesFile(name)) {
    out << ":files\t" << typed.before << "\n";
  } else if (name == "CONTEXT" || name == "--context") {
    Print(typed, ContextsOf(environment), out);
  } else if (!typed.option.empty()) {
    Print(typed, ValuesOf(typed.option, typed.word), out);
    if (HasIds(typed.option)) Print(typed, AskServer(typed, environment, dependencies), out);
  } else {
    Print(typed, Named(typed.commands), out);
    Print(typed, ValuesOf(name, typed.word), out);
    if (!name.empty()) Print(typed, AskServer(typed, environment, dependencies), out);
  }
}

}  // namespace sumscope::client

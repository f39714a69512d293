#include "client/cli/cli.h"

#include <memory>
#include <sstream>
#include <utility>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "client/cli/app/tell_error.h"
#include "client/cli/arguments/command.h"
#include "client/cli/arguments/usage.h"
#include "client/cli/completing/complete.h"
#include "client/cli/output/sink.h"
#include "proto/contract/version.h"

namespace sumscope::client {
namespace {

constexpr char kFooter[] =
    "\nHelp of one command: sumscope help COMMAND\n"
    "\nSUMSCOPE_SERVER, SUMSCOPE_CONTEXT, SUMSCOPE_TIMEOUT, SUMSCOPE_OUTPUT, SUMSCOPE_CA, SUMSCOPE_TOKEN_FILE, "
    "SUMSCOPE_CERTIFICATE and SUMSCOPE_KEY in the environment say what the flags of these names would; flags win. What "
    "neither says is read from $XDG_CONFIG_HOME/sumscope/config.toml (~/.config/sumscope/config.toml). SUMSCOPE_SSH is "
    "a command in place of ssh, its words split at blanks.\n"
    "\nExit codes: 0 done, 1 failure, 2 usage, 3 not found, 4 not allowed, 5 the job failed, 6 the job was "
    "cancelled, 7 server unavailable or not the one that it should be, 8 precondition, 9 quota, 124 timeout, 130 "
    "interrupted.";

void AddConnectionOptions(Command root, Settings* settings) {
  const std::string group = "Connection";
  root.Add(
          "--server", &settings->server,
          "unix:/path, ssh://[user@]host[:port] or host:port, which is TLS but on loopback (default: the local socket)")
      .type_name("ADDRESS")
      .group(group);
  root.Add("--timeout", &settings->timeout, "of one call, 30s by default").type_name("TIME").group(group);
  root.Add("--context", &settings->context, "a [contexts.NAME] of the configuration file")
      .type_name("NAME")
      .group(group);
  const auto add_file = [&](const char* name, std::string* file, const char* description) {
    root.Add(name, file, description).type_name("FILE").group(group);
  };
  add_file("--ca", &settings->ca,
           "certificates that the server's is signed by (default: those that the system trusts)");
  add_file("--token-file", &settings->token_file, "your token, in a file of mode 0600; sumscope login writes one");
  add_file("--certificate", &settings->certificate, "your certificate, where the server asks for one");
  add_file("--key", &settings->key, "its private key, in a file of mode 0600");
}

// A pipe leads to a pager, which does not wrap at words either.
int HelpWidth(const Terminal& terminal) {
  constexpr int kOfPipes = 80;
  const int columns = terminal.ColumnsOfOut();
  return columns > 0 ? columns : kOfPipes;
}

int Finish(const absl::StatusOr<ExitCode>& outcome, const Dependencies& dependencies) {
  if (outcome.ok()) return static_cast<int>(*outcome);
  if (dependencies.cancellation->cancelled()) return static_cast<int>(ExitCode::kInterrupted);
  return static_cast<int>(TellStatus(dependencies.terminal, outcome.status()));
}

// `sumscope help runs list` asks for `sumscope runs list --help`.
std::vector<std::string> HelpAsOption(std::vector<std::string> words) {
  if (words.empty() || words[0] != "help") return words;
  words.erase(words.begin());
  words.push_back("--help");
  return words;
}

// What --help or --version says.
int PrintHelp(const CLI::App& root, const CLI::ParseError& asked, const Dependencies& dependencies) {
  std::ostringstream text;
  const int code = root.exit(asked, text, *dependencies.terminal->err);
  const std::unique_ptr<Sink> sink = MakeStreamSink(dependencies.terminal->out);
  absl::Status printed = sink->Write(text.str());
  if (printed.ok()) printed = sink->Commit();
  return printed.ok() ? code : Finish(printed, dependencies);
}

}  // namespace

int RunCommandLine(const std::vector<std::string>& arguments, const Environment& environment,
                   const Dependencies& dependencies) {
  const std::vector<std::string> words = HelpAsOption(arguments);
  Registry registry;
  Settings settings;
  CLI::App root("sumscope: trains small transformers on arithmetic and takes them apart, on a server", "sumscope");
  root.set_version_flag("--version", absl::StrCat("sumscope ", kVersion, " (", kGitHash, ")"));
  root.formatter(
      std::make_shared<HelpFormatter>(HelpWidth(*dependencies.terminal)));  // before the sub-commands, which inherit it
  root.require_subcommand(1);
  root.fallthrough();  // sub-commands inherit it: connection options may stand anywhere
  root.footer(kFooter);
  AddConnectionOptions(Command(&root), &settings);
  for (const auto add : {AddTrain,    AddSweep,      AddImport,  AddRuns,     AddSweeps, AddProbe,    AddAsk,
                         AddAnalyses, AddFacts,      AddCapture, AddCaptures, AddQueue,  AddExplain,  AddDevices,
                         AddServer,   AddConnecting, AddUsers,   AddToken,    AddAudit,  AddGlossary, AddCompletion}) {
    add(&registry, Command(&root));
  }
  if (!arguments.empty() && arguments[0] == "complete") {
    const ptrdiff_t own = arguments.size() > 1 && arguments[1] == "--" ? 2 : 1;
    Complete(root, {arguments.begin() + own, arguments.end()}, environment, dependencies);
    return static_cast<int>(ExitCode::kDone);
  }
  try {
    std::vector<std::string> reversed(words.rbegin(), words.rend());
    root.parse(std::move(reversed));
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success) &&
        !NamesUnknownCommand(&root)) {  // --help, --version
      return PrintHelp(root, error, dependencies);
    }
    TellError(dependencies.terminal, UsageMessage(&root, error), "", TryHelp(&root));
    return static_cast<int>(ExitCode::kUsage);
  }
  if (const absl::Status status = CheckArguments(&root); !status.ok()) return Finish(status, dependencies);
  Session session(settings, registry.output(), environment, dependencies);
  if (const absl::Status status = session.Start(registry.config_use()); !status.ok())
    return Finish(status, dependencies);
  return Finish(registry.chosen()(session), dependencies);
}

}  // namespace sumscope::client

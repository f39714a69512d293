#include "client/cli/cli.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/cli/command.h"
#include "client/cli/output/numbers.h"
#include "client/cli/output/text.h"
#include "proto/contract/base/nearest.h"
#include "proto/contract/errors.h"
#include "proto/contract/version.h"

namespace sumscope::client {
namespace {

constexpr char kFooter[] =
    "\nExit codes: 0 done, 1 failure, 2 usage, 3 not found, 4 not allowed, 5 the job failed, 6 the job was cancelled,\n"
    "7 server unavailable, 8 precondition, 9 quota, 124 timeout, 130 interrupted.";

void AddConnectionOptions(CLI::App* root, Settings* settings) {
  const std::string group = "Connection";
  root->add_option("--server", settings->server, "unix:/path or host:port (default: the local socket)")
      ->type_name("ADDRESS")
      ->group(group);
  root->add_option("--timeout", settings->timeout, "of one call, 30s by default")->type_name("TIME")->group(group);
  root->add_option("--context", settings->context, "a [contexts.NAME] of the configuration file")
      ->type_name("NAME")
      ->group(group);
}

// The innermost command that was recognised.
CLI::App* Deepest(CLI::App* app) {
  while (!app->get_subcommands().empty()) app = app->get_subcommands().back();
  return app;
}

std::string FullName(CLI::App* app) {
  return app->get_parent() == nullptr ? "sumscope" : absl::StrCat(FullName(app->get_parent()), " ", app->get_name());
}

// What could have been meant by a word that was not understood; "" for no idea.
std::string Suggest(CLI::App* app, const std::string& word) {
  std::vector<std::string> names;
  if (absl::StartsWith(word, "-")) {
    for (CLI::App* level = app; level != nullptr; level = level->get_parent()) {
      for (const CLI::Option* option : level->get_options()) {
        for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
      }
    }
  } else {
    for (const CLI::App* command : app->get_subcommands([](CLI::App*) { return true; })) {
      names.push_back(command->get_name());
    }
  }
  return Nearest(word, names);
}

std::string UsageMessage(CLI::App* root, const CLI::ParseError& error) {
  CLI::App* const app = Deepest(root);
  const std::vector<std::string> unknown = root->remaining(/*recurse=*/true);
  const bool family = !app->get_subcommands([](CLI::App*) { return true; }).empty();
  std::string message = error.what();
  const bool extra = dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr;
  if (!unknown.empty() && (extra || family)) {
    const std::string& word = unknown.front();
    const bool command = family && !absl::StartsWith(word, "-");
    const std::string nearest = Suggest(app, word);
    message = absl::StrCat(FullName(app), command ? " has no command \"" : " does not know \"", word, "\"",
                           nearest.empty() ? "" : absl::StrCat("; did you mean \"", nearest, "\"?"));
  }
  return absl::StrCat(message, "\nTry: ", FullName(app), " --help");
}

void TellError(Terminal* terminal, absl::string_view message, absl::string_view reason) {
  const char* const red = terminal->colour ? "\x1b[31m" : "";
  const char* const plain = terminal->colour ? "\x1b[0m" : "";
  *terminal->err << red << "error:" << plain << " " << EscapeText(message, /*keep_newlines=*/true);
  if (!reason.empty()) *terminal->err << " [" << EscapeText(reason) << "]";
  *terminal->err << std::endl;
}

int Finish(const absl::StatusOr<ExitCode>& outcome, const Dependencies& dependencies) {
  if (outcome.ok()) return static_cast<int>(*outcome);
  if (dependencies.cancellation->cancelled()) return static_cast<int>(ExitCode::kInterrupted);
  const absl::Status& status = outcome.status();
  std::string message(status.message());
  if (message.empty()) message = absl::StatusCodeToString(status.code());
  if (const absl::Duration delay = RetryDelay(status); delay > absl::ZeroDuration()) {
    absl::StrAppend(&message, " (try again in ", FormatSpan(delay), ")");
  }
  TellError(dependencies.terminal, message, ErrorReason(status));
  // Somebody else's CANCELLED is no Ctrl-C.
  return static_cast<int>(absl::IsCancelled(status) ? ExitCode::kFailure : ExitCodeOf(status));
}

}  // namespace

int RunCommandLine(const std::vector<std::string>& arguments, const Environment& environment,
                   const Dependencies& dependencies) {
  Registry registry;
  Settings settings;
  CLI::App root("sumscope: trains small transformers on arithmetic and takes them apart, on a server", "sumscope");
  root.set_version_flag("--version", absl::StrCat("sumscope ", kVersion, " (", kGitHash, ")"));
  root.require_subcommand(1);
  root.fallthrough();  // sub-commands inherit it: connection options may stand anywhere
  root.footer(kFooter);
  AddConnectionOptions(&root, &settings);
  for (const auto add : {AddTrain, AddImport, AddRuns, AddProbe, AddAnalyses, AddServer, AddCompletion}) {
    add(&registry, &root);
  }
  try {
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    root.parse(std::move(reversed));
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {  // --help, --version
      return root.exit(error, *dependencies.terminal->out, *dependencies.terminal->err);
    }
    TellError(dependencies.terminal, UsageMessage(&root, error), "");
    return static_cast<int>(ExitCode::kUsage);
  }
  Session session(settings, registry.output(), environment, dependencies);
  if (const absl::Status status = session.Start(); !status.ok()) return Finish(status, dependencies);
  return Finish(registry.chosen()(session), dependencies);
}

}  // namespace sumscope::client

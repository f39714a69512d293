#include "client/cli/arguments/usage.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/text/nearest.h"
#include "proto/contract/text/quote.h"
#include "proto/contract/text/terminal_text.h"
#include "proto/contract/text/utf8.h"

namespace sumscope::client {
namespace {

// The innermost command that was recognised.
const CLI::App* Deepest(const CLI::App* app) {
  while (!app->get_subcommands().empty()) app = app->get_subcommands().back();
  return app;
}

std::string FullName(const CLI::App* app) {
  return app->get_parent() == nullptr ? "sumscope" : absl::StrCat(FullName(app->get_parent()), " ", app->get_name());
}

std::vector<std::string> CommandsOf(const CLI::App* app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app->get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  return names;
}

// What others call our commands.
std::string InOurWords(const std::string& word) {
  static const auto* const kWords = new std::map<std::string, std::string>{
      {"ls", "list"},     {"ps", "list"},      {"rm", "delete"},       {"remove", "delete"}, {"stop", "cancel"},
      {"kill", "cancel"}, {"abort", "cancel"}, {"cat", "show"},        {"info", "show"},     {"describe", "show"},
      {"get", "show"},    {"status", "show"},  {"log", "logs"},        {"tail", "watch"},    {"follow", "watch"},
      {"rerun", "retry"}, {"wait", "watch"},   {"restore", "undelete"}};
  const auto found = kWords->find(word);
  return found == kWords->end() ? word : found->second;
}

// A command by its name here or elsewhere, of this family or, of the program itself, of runs; else one that is spelt
// much the same.
std::string SuggestCommand(const CLI::App* app, const std::string& word) {
  const auto has = [](const CLI::App* family, const std::string& name) {
    return absl::c_linear_search(CommandsOf(family), name);
  };
  const std::string meant = InOurWords(word);
  if (has(app, meant)) return meant;
  const bool program = app->get_parent() == nullptr;
  if (program && has(app, "runs") && has(app->get_subcommand("runs"), meant)) return absl::StrCat("runs ", meant);
  return Nearest(word, CommandsOf(app));
}

// What could have been meant by a word that was not understood; "" for no idea.
std::string Suggest(const CLI::App* app, const std::string& word) {
  if (!absl::StartsWith(word, "-")) return SuggestCommand(app, word);
  std::vector<std::string> names;
  for (const CLI::App* level = app; level != nullptr; level = level->get_parent()) {
    for (const CLI::Option* option : level->get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
  }
  return Nearest(word, names);
}

bool IsPath(const CLI::Option* option, absl::string_view value) {
  return option->get_name() == "FILE" || option->get_type_name() == "FILE" ||
         (option->check_lname("questions") && absl::StartsWith(value, "file:"));
}

}  // namespace

std::string HelpFormatter::make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const {
  return FitLines(CLI::Formatter::make_help(app, std::move(name), mode), width_);
}

std::string HelpFormatter::make_usage(const CLI::App* app, std::string) const {
  std::string name;
  for (const CLI::App* level = app->get_parent(); level != nullptr; level = level->get_parent()) {
    std::string part = level->get_parent() == nullptr ? "sumscope" : level->get_name();
    // probe RUN evaluate, but facts export: what a family can do without a command of its own is not for those below
    // it.
    const bool needs_command = level->get_require_subcommand_min() > 0;
    for (const CLI::Option* option :
         level->get_options([&](const CLI::Option* o) { return needs_command && o->get_positional(); })) {
      absl::StrAppend(&part, " ", option->get_name());
    }
    name = absl::StrCat(part, " ", name);
  }
  return CLI::Formatter::make_usage(app, absl::StrCat(name, name.empty() ? "sumscope" : app->get_name()));
}

std::string HelpFormatter::make_footer(const CLI::App* app) const {
  const std::string footer = CLI::Formatter::make_footer(app);
  if (app->get_parent() == nullptr) return footer;
  return absl::StrCat(
      "Every command also takes --server ADDRESS, --timeout TIME, --context NAME and the files of TLS: ",
      "see sumscope --help.\n", footer);
}

std::string UsageMessage(const CLI::App* root, const CLI::ParseError& error) {
  const CLI::App* const app = Deepest(root);
  const std::vector<std::string> unknown = root->remaining(/*recurse=*/true);
  const std::vector<std::string> commands = CommandsOf(app);
  std::string message = error.what();
  const bool extra = dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr;
  if (!unknown.empty() && (extra || !commands.empty())) {
    const std::string& word = unknown.front();
    const bool command = !commands.empty() && !absl::StartsWith(word, "-");
    const std::string nearest = Suggest(app, word);
    message = absl::StrCat(FullName(app), command ? " has no command " : " does not know ", UnknownWord(word, nearest));
    if (!word.empty() && nearest == word) {
      message = absl::StrCat(Quote(word), " came after \"--\", where options are none; give it before");
    }
  } else if (message == CLI::RequiredError::Subcommand(1).what()) {
    message = absl::StrCat(FullName(app), " needs a command: ", absl::StrJoin(commands, ", "));
  }
  return message;
}

std::string TryHelp(const CLI::App* root) { return absl::StrCat("Try: ", FullName(Deepest(root)), " --help"); }

bool NamesUnknownCommand(const CLI::App* root) {
  const std::vector<std::string> unknown = root->remaining(/*recurse=*/true);
  return !unknown.empty() && !absl::StartsWith(unknown.front(), "-") && !CommandsOf(Deepest(root)).empty();
}

absl::Status CheckArguments(const CLI::App* root) {
  for (const CLI::App* app = root; !app->get_subcommands().empty();) {
    app = app->get_subcommands().back();
    for (const CLI::Option* option : app->get_options()) {
      for (const std::string& value : option->results()) {
        const std::string valid = ReplaceInvalidUtf8(value);
        if (valid == value || IsPath(option, value)) continue;
        return InvalidField("ARGUMENT_NOT_UTF8", option->get_name(),
                            absl::StrCat(option->get_name(), " ", Quote(valid), " is not UTF-8 text, which requests ",
                                         "must be; the bytes that are wrong show as ?"));
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace sumscope::client

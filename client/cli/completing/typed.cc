#include "client/cli/completing/typed.h"

#include <utility>

#include "CLI/CLI.hpp"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace sumscope::client {
namespace {

const CLI::App* CommandOf(const CLI::App* app, const std::string& name) {
  for (const CLI::App* command : app->get_subcommands([](const CLI::App*) { return true; })) {
    if (command->get_name() == name) return command;
  }
  return nullptr;
}

// An option of the command or of those above it, "--out" or "-o".
const CLI::Option* OptionOf(const CLI::App* app, const std::string& name) {
  for (; app != nullptr; app = app->get_parent()) {
    for (const CLI::Option* option : app->get_options()) {
      if (option->check_name(name)) return option;
    }
  }
  return nullptr;
}

bool TakesValue(const CLI::Option& option) { return option.get_items_expected_max() > 0; }

std::string LongName(const CLI::Option& option) {
  return option.get_lnames().empty() ? "" : absl::StrCat("--", option.get_lnames().front());
}

void Keep(const std::string& option, const std::string& value, Settings* settings) {
  if (option == "--server") settings->server = value;
  if (option == "--context") settings->context = value;
  if (option == "--ca") settings->ca = value;
  if (option == "--token-file") settings->token_file = value;
  if (option == "--certificate") settings->certificate = value;
  if (option == "--key") settings->key = value;
}

// The positional argument number `place` of a command; the last may take several words.
std::string ArgumentAt(const CLI::App& app, size_t place) {
  const CLI::Option* last = nullptr;
  for (const CLI::Option* option : app.get_options([](const CLI::Option* o) { return o->get_positional(); })) {
    last = option;
    if (place-- == 0) return option->get_name();
  }
  return last != nullptr && last->get_items_expected_max() > 1 ? last->get_name() : "";
}

}  // namespace

Typed FollowWords(const CLI::App& root, const std::vector<std::string>& words) {
  Typed typed;
  const CLI::App* app = &root;
  size_t arguments = 0;         // that the command has so far
  std::string option;           // whose value comes next
  bool only_arguments = false;  // after "--"
  for (size_t i = 0; i + 1 < words.size(); ++i) {
    const std::string& word = words[i];
    if (!option.empty()) {
      Keep(std::exchange(option, ""), word, &typed.settings);
    } else if (word == "--") {
      only_arguments = true;
    } else if (!only_arguments && word.size() > 1 && word[0] == '-') {
      const size_t equals = word.find('=');
      const CLI::Option* const found = OptionOf(app, word.substr(0, equals));
      if (found == nullptr || !TakesValue(*found)) continue;
      if (equals == std::string::npos) {
        option = LongName(*found);
      } else {
        Keep(LongName(*found), word.substr(equals + 1), &typed.settings);
      }
    } else if (const CLI::App* const command = CommandOf(app, word); command != nullptr) {
      app = command;
      arguments = 0;
    } else {
      ++arguments;
    }
  }
  typed.word = words.empty() ? "" : words.back();
  const size_t equals = typed.word.find('=');
  if (option.empty() && absl::StartsWith(typed.word, "--") && equals != std::string::npos) {
    const CLI::Option* const found = OptionOf(app, typed.word.substr(0, equals));
    option = found == nullptr ? "" : LongName(*found);
    typed.before = typed.word.substr(0, equals + 1);
    typed.word.erase(0, equals + 1);
  }
  typed.option = option;
  if (!option.empty()) return typed;
  typed.argument = ArgumentAt(*app, arguments);
  for (const CLI::App* command : app->get_subcommands([](const CLI::App*) { return true; })) {
    typed.commands.emplace_back(command->get_name(), command->get_description());
  }
  for (const CLI::App* level = app; level != nullptr; level = level->get_parent()) {
    for (const CLI::Option* one : level->get_options()) {
      if (!LongName(*one).empty()) typed.options.emplace_back(LongName(*one), one->get_description());
    }
  }
  return typed;
}

}  // namespace sumscope::client

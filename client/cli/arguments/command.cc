#include "client/cli/arguments/command.h"

#include <cmath>
#include <optional>
#include <utility>

#include "CLI/CLI.hpp"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "client/base/unsigned.h"
#include "proto/contract/text/quote.h"

namespace sumscope::client {

CommandOption CommandOption::type_name(const std::string& name) const {
  option_->type_name(name);
  return *this;
}

CommandOption CommandOption::group(const std::string& name) const {
  option_->group(name);
  return *this;
}

CommandOption CommandOption::required() const {
  option_->required();
  return *this;
}

bool CommandOption::given() const { return option_->count() > 0; }

namespace {

// An unset variable in a script must not mean the default: --questions "$QUESTIONS". Only a filter has an empty form,
// which is all.
CLI::Option* RefuseEmpty(CLI::Option* option) {
  const std::string name = option->get_name();
  if (!absl::StartsWith(name, "-") || name == "--filter") return option;
  return option->check([name, option](const std::string& text) {
    if (!text.empty()) return std::string();
    const std::string instead =
        option->get_required() ? absl::StrCat("it takes ", option->get_description()) : "leave it out for its default";
    throw CLI::ArgumentMismatch(absl::StrCat(name, " is empty; ", instead));  // a ValidationError would repeat the name
  });
}

}  // namespace

CommandOption Command::Add(const std::string& name, std::string* value, const std::string& description) const {
  return CommandOption(RefuseEmpty(app_->add_option(name, *value, description)));
}

CommandOption Command::AddList(const std::string& name, std::vector<std::string>* values,
                               const std::string& description) const {
  return CommandOption(app_->add_option(name, *values, description));
}

CommandOption Command::AddRepeated(const std::string& name, std::vector<std::string>* values,
                                   const std::string& description) const {
  return CommandOption(RefuseEmpty(app_->add_option(name, *values, description)->allow_extra_args(false)));
}

CommandOption Command::AddFlag(const std::string& name, bool* value, const std::string& description) const {
  return CommandOption(app_->add_flag(name, *value, description));
}

namespace {

CLI::Option* AddUnsignedTo(CLI::App* app, const std::string& name, std::function<void(uint64_t)> set,
                           const std::string& description, uint64_t max) {
  const auto parse = [name, set = std::move(set), max](const CLI::results_t& texts) {
    const std::optional<uint64_t> number = ParseUnsigned(texts.at(0), max);
    if (!number) {
      throw CLI::ValidationError(
          absl::StrCat(name, " takes a whole number from 0 to ", max, ", not ", Quote(texts.at(0))));
    }
    set(*number);
    return true;
  };
  return app->add_option(name, parse, description)->type_name("N");
}

}  // namespace

CommandOption Command::AddUnsigned(const std::string& name, uint64_t* value, const std::string& description,
                                   uint64_t max) const {
  return CommandOption(AddUnsignedTo(
      app_, name, [value](uint64_t number) { *value = number; }, description, max));
}

CommandOption Command::AddUnsigned(const std::string& name, std::optional<uint64_t>* value,
                                   const std::string& description, uint64_t max) const {
  return CommandOption(AddUnsignedTo(
      app_, name, [value](uint64_t number) { *value = number; }, description, max));
}

CommandOption Command::AddNumber(const std::string& name, std::optional<double>* value,
                                 const std::string& description) const {
  const auto parse = [name, value](const CLI::results_t& texts) {
    double number = 0;
    if (!absl::SimpleAtod(texts.at(0), &number) || !std::isfinite(number)) {
      throw CLI::ValidationError(absl::StrCat(name, " takes a number, not ", Quote(texts.at(0))));
    }
    *value = number;
    return true;
  };
  return CommandOption(app_->add_option(name, parse, description)->type_name("X"));
}

void Command::Describe(const std::string& name, const std::string& description) const {
  app_->get_option(name)->description(description);
}

Command Registry::Add(Command parent, const std::string& name, const std::string& description, Output output) {
  const Command command(parent.app()->add_subcommand(name, description));
  if (output == Output::kNone) return command;
  const std::string group = "Output";
  command.Add("-o,--output", &output_.format, "table (default), wide, json, jsonl, csv or id")
      .type_name("FORMAT")
      .group(group);
  command.Add("--out", &output_.file, "write to FILE instead of the standard output, which - means")
      .type_name("FILE")
      .group(group);
  command.AddFlag("--no-headers", &output_.no_headers, "no header line in table, wide and csv").group(group);
  command.AddFlag("-q,--quiet", &output_.quiet, "print ids only, and no notes or progress").group(group);
  return command;
}

Command Registry::AddFamily(Command parent, const std::string& name, const std::string& description) {
  CLI::App* const app = parent.app()->add_subcommand(name, description);
  app->require_subcommand(1);
  return Command(app);
}

void Registry::Run(Command command, Handler handler, ConfigUse use) {
  CLI::App* const app = command.app();
  app->callback([this, app, use, handler = std::move(handler)] {
    if (!app->get_subcommands().empty()) return;
    chosen_ = handler;
    config_use_ = use;
  });
}

CommandOption AddRunArgument(Command command, std::string* run) {
  return command.Add("RUN", run, "run id, unique prefix of one, or @last").required();
}

CommandOption AddCheckpointArgument(Command command, std::string* run) {
  return command.Add("RUN[@STEP]", run, "run id, prefix or @last, and which checkpoint (default: the last)");
}

}  // namespace sumscope::client

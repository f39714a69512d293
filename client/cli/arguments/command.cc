#include "client/cli/arguments/command.h"

#include <cmath>
#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "client/unsigned.h"

namespace sumscope::client {

CLI::App* Registry::Add(CLI::App* parent, const std::string& name, const std::string& description, Output output) {
  CLI::App* const app = parent->add_subcommand(name, description);
  if (output == Output::kNone) return app;
  const std::string group = "Output";
  app->add_option("-o,--output", output_.format, "table (default), wide, json, jsonl, csv or id")
      ->type_name("FORMAT")
      ->group(group);
  app->add_option("--out", output_.file, "write to FILE instead of the standard output, which - means")
      ->type_name("FILE")
      ->group(group);
  app->add_flag("--no-headers", output_.no_headers, "no header line in table, wide and csv")->group(group);
  app->add_flag("-q,--quiet", output_.quiet, "print ids only, and no notes or progress")->group(group);
  return app;
}

CLI::App* Registry::AddFamily(CLI::App* parent, const std::string& name, const std::string& description) {
  CLI::App* const app = parent->add_subcommand(name, description);
  app->require_subcommand(1);
  return app;
}

void Registry::Run(CLI::App* app, Handler handler) {
  app->callback([this, app, handler = std::move(handler)] {
    if (app->get_subcommands().empty()) chosen_ = handler;
  });
}

CLI::Option* AddRunArgument(CLI::App* app, std::string* run) {
  return app->add_option("RUN", *run, "run id, unique prefix of one, or @last")->required();
}

CLI::Option* AddCheckpointArgument(CLI::App* app, std::string* run) {
  return app->add_option("RUN[@STEP]", *run, "run id, prefix or @last, and which checkpoint (default: the last)");
}

namespace {

CLI::Option* AddUnsignedTo(CLI::App* app, const std::string& name, std::function<void(uint64_t)> set,
                           const std::string& description, uint64_t max) {
  const auto parse = [name, set = std::move(set), max](const CLI::results_t& texts) {
    const std::optional<uint64_t> number = ParseUnsigned(texts.at(0), max);
    if (!number) {
      throw CLI::ValidationError(
          absl::StrCat(name, " takes a whole number from 0 to ", max, ", not \"", texts.at(0), "\""));
    }
    set(*number);
    return true;
  };
  return app->add_option(name, parse, description)->type_name("N");
}

}  // namespace

CLI::Option* AddUnsigned(CLI::App* app, const std::string& name, uint64_t* value, const std::string& description,
                         uint64_t max) {
  return AddUnsignedTo(
      app, name, [value](uint64_t number) { *value = number; }, description, max);
}

CLI::Option* AddUnsigned(CLI::App* app, const std::string& name, std::optional<uint64_t>* value,
                         const std::string& description, uint64_t max) {
  return AddUnsignedTo(
      app, name, [value](uint64_t number) { *value = number; }, description, max);
}

CLI::Option* AddNumber(CLI::App* app, const std::string& name, std::optional<double>* value,
                       const std::string& description) {
  const auto parse = [name, value](const CLI::results_t& texts) {
    double number = 0;
    if (!absl::SimpleAtod(texts.at(0), &number) || !std::isfinite(number)) {
      throw CLI::ValidationError(absl::StrCat(name, " takes a number, not \"", texts.at(0), "\""));
    }
    *value = number;
    return true;
  };
  return app->add_option(name, parse, description)->type_name("X");
}

CLI::Option* AddRepeated(CLI::App* app, const std::string& name, std::vector<std::string>* values,
                         const std::string& description) {
  return app->add_option(name, *values, description)->allow_extra_args(false);
}

}  // namespace sumscope::client

#ifndef SUMSCOPE_CLIENT_CLI_ARGUMENTS_USAGE_H_
#define SUMSCOPE_CLIENT_CLI_ARGUMENTS_USAGE_H_

#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"

namespace sumscope::client {

// Help whose usage line names the arguments of the commands above, and whose foot names the connection options.
// Wrapped at its words.
class HelpFormatter : public CLI::Formatter {
 public:
  // In `width` columns.
  explicit HelpFormatter(int width) : width_(width) {}

  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override;
  std::string make_usage(const CLI::App* app, std::string name) const override;
  std::string make_footer(const CLI::App* app) const override;

 private:
  const int width_;
};

// What was wrong with the command line, and what could have been meant.
std::string UsageMessage(const CLI::App* root, const CLI::ParseError& error);
// Where to read on: "Try: sumscope runs --help".
std::string TryHelp(const CLI::App* root);

// Whether a word stands where a command belongs and is none: `sumscope nosuch --help` asks for no help that there is.
bool NamesUnknownCommand(const CLI::App* root);

// Requests hold UTF-8: INVALID_ARGUMENT ARGUMENT_NOT_UTF8 for an argument of the parsed commands that is not. Paths of
// files may hold anything, and so may the connection options of `root`, which no request carries.
absl::Status CheckArguments(const CLI::App* root);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_ARGUMENTS_USAGE_H_

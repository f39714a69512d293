#ifndef SUMSCOPE_CLIENT_CLI_ARGUMENTS_COMMAND_H_
#define SUMSCOPE_CLIENT_CLI_ARGUMENTS_COMMAND_H_

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "client/cli/app/exit_code.h"
#include "client/cli/app/session.h"

namespace sumscope::client {

using Handler = std::function<absl::StatusOr<ExitCode>(Session&)>;

// Where commands register themselves. Each file of a command has one function Add..., which makes its CLI::App with its
// options and says what runs when it is chosen.
class Registry {
 public:
  enum class Output { kFormatted, kNone };

  CLI::App* Add(CLI::App* parent, const std::string& name, const std::string& description,
                Output output = Output::kFormatted);
  // A command that only has sub-commands.
  CLI::App* AddFamily(CLI::App* parent, const std::string& name, const std::string& description);
  // Of a family with a handler of its own: what runs when no sub-command is given.
  void Run(CLI::App* app, Handler handler);

  const OutputFlags& output() const { return output_; }
  // What parsing chose; empty before.
  const Handler& chosen() const { return chosen_; }

 private:
  OutputFlags output_;
  Handler chosen_;
};

// Options that several commands have.
CLI::Option* AddRunArgument(CLI::App* app, std::string* run);
// --NAME N, with nothing but digits, at most `max`: the parsers of numbers elsewhere take signs and wrap around.
CLI::Option* AddUnsigned(CLI::App* app, const std::string& name, uint64_t* value, const std::string& description,
                         uint64_t max = std::numeric_limits<uint64_t>::max());
// The same, empty where nobody says.
CLI::Option* AddUnsigned(CLI::App* app, const std::string& name, std::optional<uint64_t>* value,
                         const std::string& description, uint64_t max = std::numeric_limits<uint64_t>::max());
// --NAME X, a finite number.
CLI::Option* AddNumber(CLI::App* app, const std::string& name, std::optional<double>* value,
                       const std::string& description);
// RUN[@STEP].
CLI::Option* AddCheckpointArgument(CLI::App* app, std::string* run);
// --NAME VALUE, may be repeated, one value each time.
CLI::Option* AddRepeated(CLI::App* app, const std::string& name, std::vector<std::string>* values,
                         const std::string& description);

void AddTrain(Registry* registry, CLI::App* root);
void AddImport(Registry* registry, CLI::App* root);
void AddRuns(Registry* registry, CLI::App* root);
void AddProbe(Registry* registry, CLI::App* root);
void AddAsk(Registry* registry, CLI::App* root);
void AddCapture(Registry* registry, CLI::App* root);
void AddCaptures(Registry* registry, CLI::App* root);
void AddFacts(Registry* registry, CLI::App* root);
void AddAnalyses(Registry* registry, CLI::App* root);
void AddServer(Registry* registry, CLI::App* root);
void AddCompletion(Registry* registry, CLI::App* root);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_ARGUMENTS_COMMAND_H_

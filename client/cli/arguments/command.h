#ifndef SUMSCOPE_CLIENT_CLI_ARGUMENTS_COMMAND_H_
#define SUMSCOPE_CLIENT_CLI_ARGUMENTS_COMMAND_H_

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/app/exit_code.h"
#include "client/cli/app/session.h"

// The parser's own header costs more than a whole command: only the files that are about parsing include it.
namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace sumscope::client {

// One option or positional argument of a command. A handle: the command line owns what it means.
class CommandOption {
 public:
  explicit CommandOption(CLI::Option* option) : option_(option) {}

  // How help names the value: "FILE".
  CommandOption type_name(const std::string& name) const;
  // The heading in help that it stands under.
  CommandOption group(const std::string& name) const;
  CommandOption required() const;
  // After parsing: whether the user wrote it.
  bool given() const;

 private:
  CLI::Option* option_;
};

// A command or a family of commands, to hang options on. A handle: the command line owns what it means. Values are
// pointers that outlive the parsing, most often into what the command's handler holds. Options are named "--name" or
// "-n,--name", positional arguments "NAME".
class Command {
 public:
  explicit Command(CLI::App* app) : app_(app) {}

  CommandOption Add(const std::string& name, std::string* value, const std::string& description) const;
  // NAME.., one or more words.
  CommandOption AddList(const std::string& name, std::vector<std::string>* values,
                        const std::string& description) const;
  // --NAME VALUE, may be repeated, one value each time.
  CommandOption AddRepeated(const std::string& name, std::vector<std::string>* values,
                            const std::string& description) const;
  CommandOption AddFlag(const std::string& name, bool* value, const std::string& description) const;
  // --NAME N, with nothing but digits, at most `max`: the parsers of numbers elsewhere take signs and wrap around.
  CommandOption AddUnsigned(const std::string& name, uint64_t* value, const std::string& description,
                            uint64_t max = std::numeric_limits<uint64_t>::max()) const;
  // The same, empty where nobody says.
  CommandOption AddUnsigned(const std::string& name, std::optional<uint64_t>* value, const std::string& description,
                            uint64_t max = std::numeric_limits<uint64_t>::max()) const;
  // --NAME X, a finite number.
  CommandOption AddNumber(const std::string& name, std::optional<double>* value, const std::string& description) const;
  // Says of an option that the command has already what it means here.
  void Describe(const std::string& name, const std::string& description) const;

  CLI::App* app() const { return app_; }

 private:
  CLI::App* app_;
};

using Handler = std::function<absl::StatusOr<ExitCode>(Session&)>;

// Where commands register themselves. Each file of a command has one function Add..., which makes its Command with its
// options and says what runs when it is chosen.
class Registry {
 public:
  enum class Output { kFormatted, kNone };

  Command Add(Command parent, const std::string& name, const std::string& description,
              Output output = Output::kFormatted);
  // A command that only has sub-commands.
  Command AddFamily(Command parent, const std::string& name, const std::string& description);
  // Of a family with a handler of its own: what runs when no sub-command is given. What of the
  // configuration file counts for it is `use`.
  void Run(Command command, Handler handler, ConfigUse use = ConfigUse::kAll);

  const OutputFlags& output() const { return output_; }
  // What parsing chose; empty before.
  const Handler& chosen() const { return chosen_; }
  ConfigUse config_use() const { return config_use_; }

 private:
  OutputFlags output_;
  Handler chosen_;
  ConfigUse config_use_ = ConfigUse::kAll;
};

// Arguments that several commands have.
CommandOption AddRunArgument(Command command, std::string* run);
// RUN[@STEP].
CommandOption AddCheckpointArgument(Command command, std::string* run);

void AddTrain(Registry* registry, Command root);
void AddImport(Registry* registry, Command root);
void AddRuns(Registry* registry, Command root);
void AddProbe(Registry* registry, Command root);
void AddAsk(Registry* registry, Command root);
void AddCapture(Registry* registry, Command root);
void AddCaptures(Registry* registry, Command root);
void AddFacts(Registry* registry, Command root);
void AddAnalyses(Registry* registry, Command root);
void AddQueue(Registry* registry, Command root);
void AddExplain(Registry* registry, Command root);
void AddDevices(Registry* registry, Command root);
void AddSweep(Registry* registry, Command root);
void AddSweeps(Registry* registry, Command root);
void AddServer(Registry* registry, Command root);
void AddUsers(Registry* registry, Command root);
void AddToken(Registry* registry, Command root);
void AddAudit(Registry* registry, Command root);
void AddGlossary(Registry* registry, Command root);
void AddCompletion(Registry* registry, Command root);
void AddConnecting(Registry* registry, Command root);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_ARGUMENTS_COMMAND_H_

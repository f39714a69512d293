#include "client/cli/arguments/node_options.h"

namespace sumscope::client {

CommandOption AddNodeSets(Command command, std::vector<std::string>* nodes, const std::string& description) {
  return command.AddRepeated("--nodes,--node", nodes, description).type_name("SET");
}

void AddAblationOptions(Command command, AblationOptions* options) {
  command.Add("--mode", &options->mode,
              "mean over the questions (default), zero, or resample: the value in another of the questions");
  command.AddUnsigned("--seed", &options->seed, "of resampling (default 0)");
}

}  // namespace sumscope::client

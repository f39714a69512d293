#ifndef SUMSCOPE_CLIENT_CLI_ARGUMENTS_NODE_OPTIONS_H_
#define SUMSCOPE_CLIENT_CLI_ARGUMENTS_NODE_OPTIONS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cli/arguments/command.h"
#include "client/cli/arguments/names.h"
#include "sumscope/v1/probes.pb.h"

namespace sumscope::client {

// --nodes SET, again for the next one; `--node` says the same, in every command that takes nodes.
CommandOption AddNodeSets(Command command, std::vector<std::string>* nodes, const std::string& description);

// How nodes are ablated: --mode and, for resampling, --seed.
struct AblationOptions {
  std::string mode;
  std::optional<uint64_t> seed;
};
void AddAblationOptions(Command command, AblationOptions* options);
// Fills the mode and seed of any request that has both.
template <typename Request>
absl::Status FillAblation(const AblationOptions& options, Request* request) {
  const absl::StatusOr<v1::AblationMode> mode = ParseAblationMode(options.mode);
  if (!mode.ok()) return mode.status();
  if (*mode != v1::ABLATION_MODE_UNSPECIFIED) request->set_mode(*mode);
  if (options.seed) request->set_seed(*options.seed);
  return absl::OkStatus();
}

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_ARGUMENTS_NODE_OPTIONS_H_

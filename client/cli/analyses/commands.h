#ifndef SUMSCOPE_CLIENT_CLI_ANALYSES_COMMANDS_H_
#define SUMSCOPE_CLIENT_CLI_ANALYSES_COMMANDS_H_

#include <cstdint>
#include <string>

#include "client/cli/arguments/command.h"

namespace sumscope::client {

// The members of `sumscope analyses`, one file each.
void AddAnalysesList(Registry* registry, Command analyses);
void AddAnalysesShow(Registry* registry, Command analyses);
void AddAnalysesExport(Registry* registry, Command analyses);
void AddAnalysesCancel(Registry* registry, Command analyses);
void AddAnalysesDelete(Registry* registry, Command analyses);

// Analyses of one run, or of all for "", newest first; at most `limit`, 0 for all. `kind` as on the wire
// (useful_nodes), "" for every kind.
absl::StatusOr<v1::ListAnalysesResponse> ListAnalyses(Connection& connection, const std::string& run,
                                                      const std::string& kind, uint64_t limit);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_ANALYSES_COMMANDS_H_

#ifndef SUMSCOPE_CLIENT_CLI_FACTS_COMMANDS_H_
#define SUMSCOPE_CLIENT_CLI_FACTS_COMMANDS_H_

#include <cstdint>
#include <string>

#include "client/cli/arguments/command.h"

namespace sumscope::client {

// The members of `sumscope facts`, one file each.
void AddFactsExport(Registry* registry, Command facts);
void AddFactsImport(Registry* registry, Command facts);

// Facts that `filter` takes, at most `limit`, 0 for all; from where an answer's `page_token` ends.
absl::StatusOr<v1::ListFactsResponse> ListFacts(Connection& connection, const std::string& filter, uint64_t limit,
                                                const std::string& page_token = "");

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_FACTS_COMMANDS_H_

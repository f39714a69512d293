#ifndef SUMSCOPE_CLIENT_CLI_COMPLETING_PROPOSALS_H_
#define SUMSCOPE_CLIENT_CLI_COMPLETING_PROPOSALS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "client/connection/connection.h"

namespace sumscope::client {

// A word that could stand at the cursor. One that ends with ':', '=', ',' or '@' goes on.
struct Proposal {
  std::string word, description;
};

// The values that an option, or an argument, has whatever the server holds: "json" of "--output", "zsh" of "SHELL".
// Empty for one that takes anything. Of values joined by commas those that can follow what `word` has already.
std::vector<Proposal> ValuesOf(absl::string_view option, absl::string_view word);

// Whether the option's values, or an argument of that name, are files.
bool TakesFile(absl::string_view name);

// Runs, RUN@STEP, analyses, captures, users and tokens that begin with `word`, for an argument of that name ("RUN",
// "ANALYSIS", "USER") or the option "--user"; the newest 200, of "DELETED_RUN" those among the newest 1,000 runs.
// Nothing where the server does not answer.
std::vector<Proposal> IdsOf(Connection& connection, absl::string_view argument, absl::string_view word);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_COMPLETING_PROPOSALS_H_

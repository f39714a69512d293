#ifndef SUMSCOPE_CLIENT_CLI_COMPLETING_COMPLETE_H_
#define SUMSCOPE_CLIENT_CLI_COMPLETING_COMPLETE_H_

#include <string>
#include <vector>

#include "client/cli/app/environment.h"
#include "client/cli/app/session.h"

namespace CLI {
class App;
}  // namespace CLI

namespace sumscope::client {

// `sumscope complete -- WORD..`: what the scripts of `sumscope completion` ask while somebody presses Tab. Prints what
// could stand for the last word, one a line with a description after a tab, or ":files" and, after a tab, what stands
// before the path. A server has half a second to say its ids; of anything that goes wrong nothing is said.
void Complete(const CLI::App& root, const std::vector<std::string>& words, const Environment& environment,
              const Dependencies& dependencies);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_COMPLETING_COMPLETE_H_

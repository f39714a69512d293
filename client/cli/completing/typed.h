#ifndef SUMSCOPE_CLIENT_CLI_COMPLETING_TYPED_H_
#define SUMSCOPE_CLIENT_CLI_COMPLETING_TYPED_H_

#include <string>
#include <vector>

#include "client/cli/app/config.h"

namespace CLI {
class App;
}  // namespace CLI

namespace sumscope::client {

// What stands before the cursor of a command line, and what could come next.
struct Typed {
  std::string word;    // the beginning of the one that is asked for; of "--set=d" only what follows the '='
  std::string before;  // "--set=" of it, which what is proposed begins with
  // What the word is: the value of this option ("--questions"), else an argument of this name ("RUN"); "" for neither.
  std::string option, argument;
  std::vector<std::pair<std::string, std::string>> commands, options;  // that could stand here, with descriptions
  Settings settings;                                                   // connection options that were given
};

// Follows `words`, without the program's name; the last one is the one to be completed and may be empty.
Typed FollowWords(const CLI::App& root, const std::vector<std::string>& words);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_COMPLETING_TYPED_H_

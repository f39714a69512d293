#ifndef SUMSCOPE_SERVER_COMMAND_LINE_H_
#define SUMSCOPE_SERVER_COMMAND_LINE_H_

#include <optional>
#include <ostream>

#include "server/resolve_config.h"

namespace sumscope {

// Where a command line is answered, and how many columns a line has there; 0 for any number.
struct Console {
  std::ostream* out;
  std::ostream* err;
  int out_columns = 0, err_columns = 0;
};

// Fills `flags` from the arguments of sumscoped. Returns the exit code where there is nothing to serve: 0 after --help
// and --version, 2 after a mistake, of which `err` says what is wrong, what was probably meant and where to read on.
std::optional<int> ParseCommandLine(int argc, const char* const* argv, const Console& console, Flags* flags);

}  // namespace sumscope

#endif  // SUMSCOPE_SERVER_COMMAND_LINE_H_

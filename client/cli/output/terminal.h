#ifndef SUMSCOPE_CLIENT_CLI_OUTPUT_TERMINAL_H_
#define SUMSCOPE_CLIENT_CLI_OUTPUT_TERMINAL_H_

#include <functional>
#include <optional>
#include <ostream>
#include <string>

namespace sumscope::client {

// Where a command's words go: data to `out`, everything else to `err`. The streams outlive the command.
struct Terminal {
  std::ostream* out = nullptr;
  std::ostream* err = nullptr;
  bool out_is_terminal = false;
  bool err_is_terminal = false;  // and one that can draw over a line
  bool colour = false;           // NO_COLOR is unset and err is a terminal
  // In columns; 0 when unknown.
  std::function<int()> width_of_out, width_of_err;
  // Waits for a line that a person types; nothing at the end of the input, or when Ctrl-C came. Unset where no person
  // reads err and types.
  std::function<std::optional<std::string>()> read_line;
  // A line of the standard input that nobody is to see: behind `prompt` and not shown where a person types it. Nothing
  // at the end of the input, or when Ctrl-C came.
  std::function<std::optional<std::string>(const std::string& prompt)> read_secret;

  int Columns() const { return Known(width_of_err); }
  // Of what is printed to `out`: 0, unlimited, where it is no terminal.
  int ColumnsOfOut() const { return out_is_terminal ? Known(width_of_out) : 0; }
  // Of sentences to `err`, in the same way.
  int ColumnsOfErr() const { return err_is_terminal ? Known(width_of_err) : 0; }

 private:
  static int Known(const std::function<int()>& of) {
    const int width = of ? of() : 0;
    return width > 0 ? width : 80;
  }
};

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_OUTPUT_TERMINAL_H_

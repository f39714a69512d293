// sumscope: reads the environment, looks at the terminal, runs the command line.
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>

#include "absl/strings/numbers.h"
#include "client/cli/app/signals.h"
#include "client/cli/cli.h"
#include "proto/contract/process/home_directory.h"
#include "proto/contract/process/standard_descriptors.h"

namespace {

std::string Variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// What the terminal says, else what COLUMNS does: some terminals, over serial lines and in editors, do not know.
int ColumnsOf(int descriptor) {
  winsize size = {};
  if (ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  int columns = 0;
  return absl::SimpleAtoi(Variable("COLUMNS"), &columns) ? columns : 0;
}

// A line of stdin, read byte by byte: what comes after it is not ours. Looks up now and then for Ctrl-C, which is no
// signal to this thread.
std::optional<std::string> ReadLine(const sumscope::client::Cancellation& cancellation) {
  constexpr int kLookMs = 100;
  std::string line;
  while (!cancellation.cancelled()) {
    pollfd input = {STDIN_FILENO, POLLIN, 0};
    if (poll(&input, 1, kLookMs) <= 0) continue;
    char byte;
    if (read(STDIN_FILENO, &byte, 1) != 1) return std::nullopt;
    if (byte == '\n') return line;
    line += byte;
  }
  return std::nullopt;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace sumscope::client;  // NOLINT: the program's one namespace
  sumscope::FillStandardDescriptors();
  std::ios::sync_with_stdio(false);
  Cancellation cancellation;
  const SignalWatch signals(&cancellation);

  Environment environment;
  environment.server = Variable("SUMSCOPE_SERVER");
  environment.timeout = Variable("SUMSCOPE_TIMEOUT");
  environment.context = Variable("SUMSCOPE_CONTEXT");
  environment.output = Variable("SUMSCOPE_OUTPUT");
  environment.xdg_config_home = Variable("XDG_CONFIG_HOME");
  environment.xdg_runtime_dir = Variable("XDG_RUNTIME_DIR");
  environment.home = sumscope::HomeDirectory(Variable("HOME"));

  Terminal terminal;
  terminal.out = &std::cout;
  terminal.err = &std::cerr;
  terminal.out_is_terminal = isatty(STDOUT_FILENO) != 0;
  terminal.err_is_terminal = isatty(STDERR_FILENO) != 0 && Variable("TERM") != "dumb";
  terminal.colour = terminal.err_is_terminal && Variable("NO_COLOR").empty();
  terminal.width_of_out = [] { return ColumnsOf(STDOUT_FILENO); };
  terminal.width_of_err = [] { return ColumnsOf(STDERR_FILENO); };
  if (isatty(STDIN_FILENO) != 0 && isatty(STDERR_FILENO) != 0) {
    terminal.read_line = [&cancellation] { return ReadLine(cancellation); };
  }

  RealSleeper sleeper(&cancellation);
  const int code = RunCommandLine({argv + 1, argv + argc}, environment,
                                  {&terminal, sumscope::Clock::Real(), &sleeper, &cancellation});
  std::cout.flush();
  return code;
}

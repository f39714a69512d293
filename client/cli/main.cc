// sumscope: reads the environment, looks at the terminal, runs the command line.
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <string>

#include "absl/strings/numbers.h"
#include "client/cli/app/line_reader.h"
#include "client/cli/app/signals.h"
#include "client/cli/cli.h"
#include "grpc/support/log.h"
#include "proto/contract/process/home_directory.h"
#include "proto/contract/process/standard_descriptors.h"

namespace {

constexpr auto kNoLog = static_cast<gpr_log_severity>(GPR_LOG_SEVERITY_ERROR + 1);

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

}  // namespace

int main(int argc, char** argv) {
  using namespace sumscope::client;  // NOLINT: the program's one namespace
  sumscope::FillStandardDescriptors();
  std::ios::sync_with_stdio(false);
  const rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);  // what a crash leaves behind would hold the token
  // What goes wrong is told in the command's own words.
  if (Variable("GRPC_VERBOSITY").empty()) gpr_set_log_verbosity(kNoLog);
  Cancellation cancellation;
  LineReader input(STDIN_FILENO, &cancellation);
  const SignalWatch signals(&cancellation, [&input] { input.ShowAgain(); });

  Environment environment;
  environment.server = Variable("SUMSCOPE_SERVER");
  environment.timeout = Variable("SUMSCOPE_TIMEOUT");
  environment.context = Variable("SUMSCOPE_CONTEXT");
  environment.output = Variable("SUMSCOPE_OUTPUT");
  environment.ca = Variable("SUMSCOPE_CA");
  environment.token_file = Variable("SUMSCOPE_TOKEN_FILE");
  environment.certificate = Variable("SUMSCOPE_CERTIFICATE");
  environment.key = Variable("SUMSCOPE_KEY");
  environment.ssh = Variable("SUMSCOPE_SSH");
  environment.ssh_connection = Variable("SSH_CONNECTION");
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
    terminal.read_line = [&input] { return input.Read(); };
  }
  terminal.read_secret = [&input](const std::string& prompt) { return input.ReadHidden(prompt, &std::cerr); };

  RealSleeper sleeper(&cancellation);
  const int code = RunCommandLine({argv + 1, argv + argc}, environment,
                                  {&terminal, sumscope::Clock::Real(), &sleeper, &cancellation});
  std::cout.flush();
  return code;
}

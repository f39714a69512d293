// sumscoped: parses its arguments and environment, wires the server, waits for a signal, drains.
#include <pwd.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <climits>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/process/heeded_signals.h"
#include "proto/contract/process/home_directory.h"
#include "proto/contract/process/standard_descriptors.h"
#include "server/allocator.h"
#include "server/command_line.h"
#include "server/log.h"
#include "server/resolve_config.h"
#include "server/server.h"
#include "spdlog/spdlog.h"

namespace sumscope {
namespace {

constexpr int kColumns = 80;  // where no terminal says how many it has

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string UserName() {
  const passwd* entry = getpwuid(geteuid());
  return entry == nullptr ? absl::StrCat("uid-", geteuid()) : entry->pw_name;
}

std::string WorkingDirectory() {
  char path[PATH_MAX];
  return getcwd(path, sizeof(path)) == nullptr ? "" : path;
}

std::string ProgramFolder() {
  char path[PATH_MAX];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof(path));
  const std::string program(path, length < 0 ? 0 : static_cast<size_t>(length));
  return program.substr(0, program.rfind('/') == std::string::npos ? 0 : program.rfind('/'));
}

Surroundings ReadSurroundings() {
  Surroundings surroundings;
  surroundings.home = HomeDirectory(Environment("HOME"));
  surroundings.xdg_config_home = Environment("XDG_CONFIG_HOME");
  surroundings.xdg_data_home = Environment("XDG_DATA_HOME");
  surroundings.xdg_runtime_dir = Environment("XDG_RUNTIME_DIR");
  surroundings.data_directory = Environment("SUMSCOPE_DATA_DIRECTORY");
  surroundings.working_directory = WorkingDirectory();
  surroundings.program_folder = ProgramFolder();
  surroundings.machine = devices::ThisMachine();
#ifdef SUMSCOPE_WORKER_HAS_CUDA
  surroundings.find_gpus = [visible = std::getenv("CUDA_VISIBLE_DEVICES")](const std::string& nvml_library) {
    return devices::VisibleGpus(devices::FindGpus(nvml_library), visible);
  };
#endif
  return surroundings;
}

void Tell(const absl::Status& status) { spdlog::error(absl::StrCat(status.message(), " [", ErrorReason(status), "]")); }

// A dump of the memory would hold what clients sent, and keys. The hard limit stays, for who debugs this very process.
void ForbidCoreDumps() {
  rlimit core = {};
  if (getrlimit(RLIMIT_CORE, &core) != 0) return;
  core.rlim_cur = 0;
  setrlimit(RLIMIT_CORE, &core);
}

// What the terminal says that reads `descriptor`, 80 where it does not, and `otherwise` where there is none.
int ColumnsOf(int descriptor, int otherwise) {
  if (isatty(descriptor) == 0) return otherwise;
  winsize size = {};
  return ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : kColumns;
}

// Whether one of `signals` has come that nobody took yet.
bool IsPending(const sigset_t& signals) {
  sigset_t pending;
  sigemptyset(&pending);
  sigpending(&pending);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) {
    if (sigismember(&signals, number) == 1 && sigismember(&pending, number) == 1) return true;
  }
  return false;
}

// Waits for one of `signals`, or until the server has lost what it stands on.
absl::StatusOr<int> WaitForEnd(const sigset_t& signals, const Server& server) {
  const timespec look = absl::ToTimespec(limits::kPlaceLook);
  while (true) {
    const int number = sigtimedwait(&signals, nullptr, &look);
    if (number > 0) return number;
    SUMSCOPE_RETURN_IF_ERROR(server.CheckPlace());
  }
}

// Serves and ends the process; returns only where the server did not start.
absl::Status Run(const Flags& flags, const sigset_t& signals) {
  SUMSCOPE_ASSIGN_OR_RETURN(const ServerConfig config, ResolveConfig(flags, ReadSurroundings()));
  StartLog(config.log, &std::cerr);
  SUMSCOPE_ASSIGN_OR_RETURN(const std::unique_ptr<Server> server,
                            Server::Start(config, {geteuid(), UserName()}, [&signals] { return IsPending(signals); }));
  for (const std::string& repair : server->repairs()) spdlog::warn("recovery: " + repair);
  for (const std::string& warning : server->warnings()) spdlog::warn(warning);
  for (const std::string& address : server->addresses()) spdlog::info("listening on " + address);
  spdlog::info("data in " + config.data_directory);
  spdlog::info("slots: " + config.slots_reason);
  const absl::StatusOr<int> signal_number = WaitForEnd(signals, *server);
  if (signal_number.ok()) {
    spdlog::info(absl::StrCat("signal ", *signal_number,
                              ": draining; running jobs save their state and go on at the next start"));
  } else {
    spdlog::error(absl::StrCat(signal_number.status().message(), "; stopping"));
  }
  const bool all_ended = server->Drain(limits::kDrainTimeout);
  if (all_ended) {
    spdlog::info("stopped");
  } else {
    spdlog::warn("stopped, though a client does not read what it asked for");
  }
  if (!signal_number.ok()) Tell(signal_number.status());
  // Not through destructors: gRPC waits in them, up to 10 s, for connections that clients keep.
  _exit(signal_number.ok() ? 0 : 1);
}

}  // namespace
}  // namespace sumscope

int main(int argc, char** argv) {
  sumscope::FillStandardDescriptors();
  sumscope::Flags flags;
  const sumscope::Console console = {&std::cout, &std::cerr,
                                     sumscope::ColumnsOf(STDOUT_FILENO, /*otherwise=*/sumscope::kColumns),
                                     sumscope::ColumnsOf(STDERR_FILENO, /*otherwise=*/0)};
  if (const std::optional<int> code = sumscope::ParseCommandLine(argc, argv, console, &flags)) return *code;

  sumscope::ForbidCoreDumps();
  sumscope::BoundAllocator();
  // Its traces show every header of a call, and with them tokens.
  unsetenv("GRPC_TRACE");
  // Before any thread: all of them inherit the mask, and only Run sees these signals.
  const sigset_t signals = sumscope::BlockHeededSignals({SIGTERM, SIGINT, SIGHUP});
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);  // a file-size limit is then an error of the write, like a full disk
  umask(0077);               // whatever the server makes is its user's alone

  sumscope::StartLog({}, &std::cerr);
  sumscope::RouteGrpcLog();
  const absl::Status status = sumscope::Run(flags, signals);
  sumscope::Tell(status);
  return status.code() == absl::StatusCode::kInvalidArgument ? 2 : 1;
}

// sumscoped: parses its arguments and environment, wires the server, waits for a signal, drains.
#include <pwd.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <sstream>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "proto/contract/base/status_macros.h"
#include "proto/contract/default_socket.h"
#include "proto/contract/errors.h"
#include "proto/contract/limits.h"
#include "proto/contract/version.h"
#include "server/allocator.h"
#include "server/config.h"
#include "server/listener.h"
#include "server/server.h"

namespace sumscope {
namespace {

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string UserName() {
  const passwd* entry = getpwuid(geteuid());
  return entry == nullptr ? absl::StrCat("uid-", geteuid()) : entry->pw_name;
}

void Say(const std::string& text) { std::cerr << "sumscoped: " << text << std::endl; }

// The flags as given; empty where the file, the environment or a default decides.
struct Flags {
  std::optional<std::string> config_file, data_directory, worker_program;
  std::vector<std::string> listen, slots;
  bool insecure_loopback = false;
  std::optional<double> resume_interval_seconds;
  std::optional<int64_t> capture_limit_bytes;  // signed: CLI11 would wrap a negative number
};

absl::Status ReadConfigFile(const std::string& path, ServerConfig* config) {
  std::ifstream file(path);
  std::error_code error;
  if (!file || !std::filesystem::is_regular_file(path, error)) {
    return MakeError(absl::StatusCode::kInvalidArgument, "CONFIG_NOT_FOUND",
                     absl::StrCat("cannot read the configuration file ", path));
  }
  std::stringstream text;
  text << file.rdbuf();
  return ReadConfigText(text.str(), path, config);
}

// The first default socket that can be made here.
absl::StatusOr<std::string> DefaultListenAddress() {
  absl::Status last = absl::InternalError("no default socket path");
  for (const std::string& path : DefaultSocketPaths({Environment("XDG_RUNTIME_DIR"), Environment("HOME")})) {
    last = PrepareSocketPath(path);
    if (last.ok()) return "unix:" + path;
    // A server that already lives there is an answer, not a reason to hide in another place.
    if (absl::IsAlreadyExists(last)) return last;
  }
  return last;
}

absl::StatusOr<ServerConfig> Configure(const Flags& flags) {
  const std::string home = Environment("HOME");
  const auto folder_or = [&](const char* variable, const char* under_home) {
    const std::string value = Environment(variable);
    return value.empty() ? home + under_home : value;
  };
  ServerConfig config;
  const std::string default_file = folder_or("XDG_CONFIG_HOME", "/.config") + "/sumscope/sumscoped.toml";
  if (flags.config_file.has_value()) {
    SUMSCOPE_RETURN_IF_ERROR(ReadConfigFile(*flags.config_file, &config));
  } else if (std::error_code error; std::filesystem::exists(default_file, error) || error) {
    SUMSCOPE_RETURN_IF_ERROR(ReadConfigFile(default_file, &config));
  }
  if (const std::string directory = Environment("SUMSCOPE_DATA_DIRECTORY"); !directory.empty()) {
    config.data_directory = directory;
  }
  if (flags.data_directory.has_value()) {
    // An unset variable in a script must not mean another directory.
    if (flags.data_directory->empty()) {
      return MakeError(absl::StatusCode::kInvalidArgument, "CONFIG_INVALID", "--data-directory is empty");
    }
    config.data_directory = *flags.data_directory;
  }
  if (flags.worker_program.has_value()) config.worker_program = *flags.worker_program;
  if (!flags.listen.empty()) config.listen = flags.listen;
  if (flags.insecure_loopback) config.insecure_loopback = true;
  if (flags.resume_interval_seconds.has_value()) config.resume_interval_seconds = *flags.resume_interval_seconds;
  if (flags.capture_limit_bytes.has_value()) {
    if (*flags.capture_limit_bytes < 0) {
      return MakeError(absl::StatusCode::kInvalidArgument, "CONFIG_INVALID",
                       absl::StrCat("--capture-limit-bytes is ", *flags.capture_limit_bytes, "; expected 0 or more"));
    }
    config.capture_limit_bytes = static_cast<uint64_t>(*flags.capture_limit_bytes);
  }
  if (!flags.slots.empty()) config.slots.clear();
  for (const std::string& slot : flags.slots) SUMSCOPE_RETURN_IF_ERROR(AddSlot(slot, &config));

  if (config.data_directory.empty()) {
    config.data_directory = folder_or("XDG_DATA_HOME", "/.local/share") + "/sumscope";
  }
  config.data_directory = std::filesystem::absolute(config.data_directory).string();
  if (config.worker_program.empty()) {
    config.worker_program =
        (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "sumscope-worker").string();
  }
  if (access(config.worker_program.c_str(), X_OK) != 0) {
    return MakeError(absl::StatusCode::kInvalidArgument, "WORKER_PROGRAM_MISSING",
                     absl::StrCat("cannot run ", config.worker_program, ": ", std::strerror(errno),
                                  "; give the path of sumscope-worker with --worker-program"));
  }
  if (config.slots.empty()) config.slots.push_back({"cpu0", "cpu", std::max(1u, std::thread::hardware_concurrency())});
  SUMSCOPE_RETURN_IF_ERROR(ValidateConfig(config));
  if (config.listen.empty()) {
    SUMSCOPE_ASSIGN_OR_RETURN(config.listen.emplace_back(), DefaultListenAddress());
  }
  return config;
}

absl::Status Run(const Flags& flags, const sigset_t& signals) {
  SUMSCOPE_ASSIGN_OR_RETURN(const ServerConfig config, Configure(flags));
  SUMSCOPE_ASSIGN_OR_RETURN(const std::unique_ptr<Server> server, Server::Start(config, UserName()));
  for (const std::string& repair : server->repairs()) Say("recovery: " + repair);
  for (const std::string& address : server->addresses()) Say("listening on " + address);
  Say("data in " + config.data_directory);
  int signal_number = 0;
  sigwait(&signals, &signal_number);
  Say(absl::StrCat("signal ", signal_number, ": draining; running jobs save their state and go on at the next start"));
  if (!server->Drain(limits::kDrainTimeout)) {
    Say("stopped, though a client does not read what it asked for");
    _exit(0);
  }
  Say("stopped");
  return absl::OkStatus();
}

}  // namespace
}  // namespace sumscope

int main(int argc, char** argv) {
  sumscope::Flags flags;
  CLI::App app("sumscoped: trains small transformers on arithmetic, takes them apart, keeps every run");
  app.set_version_flag("--version", std::string("sumscoped ") + sumscope::kVersion + " (" + sumscope::kGitHash + ")");
  app.add_option("--config", flags.config_file, "configuration file (default ~/.config/sumscope/sumscoped.toml)");
  app.add_option("--data-directory", flags.data_directory, "where runs are kept (default ~/.local/share/sumscope)");
  app.add_option("--listen", flags.listen, "unix:/path or host:port, may be repeated (default: the local socket)");
  app.add_flag("--insecure-loopback", flags.insecure_loopback, "allow host:port without TLS, on loopback only");
  app.add_option("--worker-program", flags.worker_program, "path of sumscope-worker (default: beside this program)");
  app.add_option("--slot,--slots", flags.slots, "NAME:DEVICE:THREADS, may be repeated (default cpu0:cpu:<all cores>)");
  app.add_option("--resume-interval-seconds", flags.resume_interval_seconds,
                 "work at risk when a worker dies, at most 60 (default 60)");
  app.add_option("--capture-limit-bytes", flags.capture_limit_bytes,
                 "disk that all stored activations may take (default 20 GiB)");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }

  sumscope::BoundAllocator();
  // Before any thread: all of them inherit the mask, and only sigwait in Run sees these signals.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);  // a file-size limit is then an error of the write, like a full disk

  const absl::Status status = sumscope::Run(flags, signals);
  if (status.ok()) return 0;
  sumscope::Say(std::string(status.message()) + " [" + sumscope::ErrorReason(status) + "]");
  return status.code() == absl::StatusCode::kInvalidArgument ? 2 : 1;
}

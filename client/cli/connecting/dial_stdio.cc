// sumscope dial-stdio: the far end of ssh.
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "client/cli/connecting/commands.h"
#include "client/cli/connecting/join_streams.h"
#include "client/connection/ways/address.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/process/default_socket.h"
#include "proto/contract/process/ssh_origin.h"
#include "proto/contract/process/unix_connect.h"

namespace sumscope::client {
namespace {

// --socket, else what --server or SUMSCOPE_SERVER say where that is a socket, else the local one that lives.
absl::StatusOr<std::string> FindSocket(const std::string& socket, const Session& session) {
  if (const std::string& server = session.flags().server; !server.empty()) {
    SUMSCOPE_ASSIGN_OR_RETURN(const Address named, ParseAddress(server));
    if (named.kind != Address::Kind::kSocket) {
      return InvalidField("USAGE", "server",
                          absl::StrCat("dial-stdio leads to a socket of this machine, and ", server,
                                       " is none: give --socket FILE, or nothing for the local one"));
    }
  }
  if (!socket.empty()) return socket;
  if (const absl::StatusOr<Address> named = ParseAddress(session.settings().server); named.ok()) {
    if (named->kind == Address::Kind::kSocket) return named->path;
  }
  const Environment& environment = session.environment();
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string found,
                            FindLocalServer(DefaultSocketPaths({environment.xdg_runtime_dir, environment.home})));
  return std::string(absl::StripPrefix(found, "unix:"));
}

// What tells the server from where ssh came; "" where it did not.
std::string OwnName(const Environment& environment) {
  const absl::string_view connection = environment.ssh_connection;  // "10.0.0.5 51234 10.0.0.1 22"
  return SshSocketName(connection.substr(0, connection.find(' ')), absl::StrCat(getpid()));
}

// A server whose queue of connections is full lives, and is waited for a moment.
absl::StatusOr<FileDescriptor> ConnectToSocket(const std::string& path, Session& session) {
  constexpr absl::Duration kPatience = absl::Seconds(10), kStep = absl::Milliseconds(50);
  FileDescriptor socket;
  const std::string own_name = OwnName(session.environment());
  int error = ConnectUnix(path, &socket, own_name);
  for (absl::Duration slept; error == EAGAIN && slept < kPatience && !session.interrupted(); slept += kStep) {
    session.sleeper()->Sleep(kStep);
    error = ConnectUnix(path, &socket, own_name);
  }
  if (error == 0) return socket;
  SUMSCOPE_RETURN_IF_ERROR(ProbeSocket(path));
  return MakeError(absl::StatusCode::kUnavailable, "SERVER_UNREACHABLE",
                   absl::StrCat("cannot connect to unix:", path, ": ", std::strerror(error)));
}

absl::StatusOr<ExitCode> DialStdio(const std::string& typed, Session& session) {
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string path, FindSocket(typed, session));
  SUMSCOPE_ASSIGN_OR_RETURN(const FileDescriptor socket, ConnectToSocket(path, session));
  signal(SIGPIPE, SIG_IGN);  // a reader that is gone is an end like another
  SUMSCOPE_RETURN_IF_ERROR(JoinStreams(STDIN_FILENO, STDOUT_FILENO, socket.get(), session.cancellation()));
  return ExitCode::kDone;
}

}  // namespace

void AddDialStdio(Registry* registry, Command root) {
  const auto socket = std::make_shared<std::string>();
  const Command command =
      registry->Add(root, "dial-stdio", "Join the standard streams to the local server: what ssh runs over there",
                    Registry::Output::kNone);
  command.Add("--socket", socket.get(), "of the server (default: the local one)").type_name("FILE");
  registry->Run(
      command, [socket](Session& session) { return DialStdio(*socket, session); }, ConfigUse::kNone);
}

}  // namespace sumscope::client

#include "server/listener.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/health_check_service_interface.h"
#include "proto/contract/base/status_macros.h"
#include "proto/contract/errors.h"
#include "proto/contract/limits.h"

namespace sumscope {
namespace {

bool SomebodyListens(const std::string& path) {
  const int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  const bool alive = connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  close(descriptor);
  return alive;
}

}  // namespace

absl::Status PrepareSocketPath(const std::string& path) {
  if (path.size() >= sizeof(sockaddr_un::sun_path)) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "SOCKET_PATH_TOO_LONG",
                     absl::StrCat("socket path ", path, " is longer than ", sizeof(sockaddr_un::sun_path) - 1,
                                  " bytes; give a shorter one with --listen unix:/path"));
  }
  const auto impossible = [&](const std::string& why) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "SOCKET_NOT_POSSIBLE",
                     absl::StrCat("cannot make the socket ", path, ": ", why));
  };
  std::error_code error;
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  if (!std::filesystem::exists(folder, error)) {
    std::filesystem::create_directories(folder, error);
    if (error) return impossible(error.message());
    chmod(folder.c_str(), 0700);
  }
  if (access(folder.c_str(), W_OK | X_OK) != 0) return impossible(std::strerror(errno));
  if (std::filesystem::is_socket(path, error)) {
    if (SomebodyListens(path)) {
      return MakeError(absl::StatusCode::kAlreadyExists, "SOCKET_IN_USE",
                       absl::StrCat("another server listens on ", path, "; stop it, or give another with --listen"));
    }
    unlink(path.c_str());
  } else if (std::filesystem::exists(path, error)) {
    return impossible("a file that is no socket lies there");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<grpc::Server>> Listen(const std::vector<std::string>& addresses,
                                                     const std::vector<grpc::Service*>& services) {
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  builder.SetMaxReceiveMessageSize(limits::kMaxMessageBytes);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);  // a second server on the port is an error, not a partner
  std::vector<int> ports(addresses.size(), 0);
  // A socket is private from its first moment, not only after a chmod.
  const mode_t old_mask = umask(0077);
  for (size_t i = 0; i < addresses.size(); ++i) {
    builder.AddListeningPort(addresses[i], grpc::InsecureServerCredentials(), &ports[i]);
  }
  for (grpc::Service* service : services) builder.RegisterService(service);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  umask(old_mask);
  for (size_t i = 0; i < addresses.size(); ++i) {
    if (server == nullptr || ports[i] == 0) {
      return MakeError(absl::StatusCode::kFailedPrecondition, "LISTEN_FAILED",
                       absl::StrCat("cannot listen on ", addresses[i], "; is the address taken?"));
    }
  }
  for (const char* service :
       {"sumscope.v1.RunService", "sumscope.v1.AnalysisService", "sumscope.v1.CaptureService",
        "sumscope.v1.FactService", "sumscope.v1.QuestionSetService", "sumscope.v1.SystemService"}) {
    server->GetHealthCheckService()->SetServingStatus(service, true);
  }
  return server;
}

}  // namespace sumscope

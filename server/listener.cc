#include "server/listener.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "grpc/health/v1/health.pb.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/health_check_service_interface.h"
#include "proto/contract/base/status_macros.h"
#include "proto/contract/errors.h"
#include "proto/contract/limits.h"
#include "server/transport/listening_socket.h"

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

namespace {

int Milliseconds(absl::Duration duration) { return static_cast<int>(absl::ToInt64Milliseconds(duration)); }

absl::StatusOr<std::vector<transport::ListeningSocket>> Bind(const std::vector<std::string>& addresses) {
  std::vector<transport::ListeningSocket> sockets;
  for (const std::string& address : addresses) {
    absl::string_view path = address;
    if (absl::ConsumePrefix(&path, "unix:")) {
      SUMSCOPE_ASSIGN_OR_RETURN(auto socket, transport::ListeningSocket::BindUnix(std::string(path)));
      sockets.push_back(std::move(socket));
      continue;
    }
    SUMSCOPE_ASSIGN_OR_RETURN(auto bound, transport::ListeningSocket::BindLoopback(address));
    for (transport::ListeningSocket& socket : bound) sockets.push_back(std::move(socket));
  }
  return sockets;
}

void SetLimits(grpc::ServerBuilder* builder) {
  // Half-sent messages are gRPC's to hold: without a quota, each stream of every connection its full length.
  grpc::ResourceQuota quota("connections");
  quota.Resize(limits::kMaxTransportBytes);
  builder->SetResourceQuota(quota);
  builder->SetMaxReceiveMessageSize(limits::kMaxReceivedBytes);
  builder->AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, static_cast<int>(limits::kMaxStreamsOfConnection));
  // Graceful where gRPC sees that nothing is asked; what it takes for a call, half of one, the connections' table ends.
  builder->AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, Milliseconds(limits::kMaxIdleConnection));
  builder->AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                              Milliseconds(limits::kMinClientPing));
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, Milliseconds(limits::kServerPing));
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, Milliseconds(limits::kServerPingTimeout));
}

}  // namespace

absl::StatusOr<std::unique_ptr<transport::RpcServer>> Listen(const std::vector<std::string>& addresses,
                                                             const PublicServer& parts) {
  SUMSCOPE_ASSIGN_OR_RETURN(std::vector<transport::ListeningSocket> sockets, Bind(addresses));
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::health::v1::HealthCheckRequest::descriptor();  // linked in, so that reflection finds its file
  grpc::ServerBuilder builder;
  SetLimits(&builder);
  for (grpc::Service* service : parts.services) builder.RegisterService(service);
  std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> interceptors;
  interceptors.push_back(parts.watch->Interceptors());
  builder.experimental().SetInterceptorCreators(std::move(interceptors));
  transport::AcceptLoop::Options options;
  options.first_descriptor = parts.first_descriptor;
  options.on_look = [watch = parts.watch, on_look = parts.on_look] {
    watch->EndStalled();
    if (on_look) on_look();
  };
  SUMSCOPE_ASSIGN_OR_RETURN(
      std::unique_ptr<transport::RpcServer> server,
      transport::RpcServer::Start(&builder, std::move(sockets), parts.connections, std::move(options)));
  for (const char* service :
       {"sumscope.v1.RunService", "sumscope.v1.AnalysisService", "sumscope.v1.CaptureService",
        "sumscope.v1.FactService", "sumscope.v1.QuestionSetService", "sumscope.v1.SystemService"}) {
    server->grpc()->GetHealthCheckService()->SetServingStatus(service, true);
  }
  return server;
}

}  // namespace sumscope

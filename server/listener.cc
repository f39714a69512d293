#include "server/listener.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "grpc/health/v1/health.pb.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/health_check_service_interface.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "server/transport/listening_socket.h"

namespace sumscope {
absl::StatusOr<SocketPlaces> ClaimSockets(const std::vector<std::string>& addresses) {
  SocketPlaces sockets;
  for (const std::string& address : addresses) {
    absl::string_view path = address;
    if (!absl::ConsumePrefix(&path, "unix:")) continue;
    SUMSCOPE_ASSIGN_OR_RETURN(sockets.emplace_back(), host::SocketPlace::Claim(std::string(path)));
  }
  return sockets;
}

namespace {

int Milliseconds(absl::Duration duration) { return static_cast<int>(absl::ToInt64Milliseconds(duration)); }

absl::StatusOr<std::vector<transport::ListeningSocket>> Bind(const std::vector<std::string>& addresses,
                                                             const SocketPlaces& places, const PublicServer& parts) {
  std::vector<transport::ListeningSocket> sockets;
  for (const auto& place : places) {
    SUMSCOPE_ASSIGN_OR_RETURN(auto socket, transport::ListeningSocket::BindUnix(place->bind_path()));
    sockets.push_back(std::move(socket));
    SUMSCOPE_RETURN_IF_ERROR(place->Publish());
    if (!parts.socket_group.has_value()) continue;
    SUMSCOPE_RETURN_IF_ERROR(place->GiveTo(*parts.socket_group));
    if (parts.open_to_group) SUMSCOPE_RETURN_IF_ERROR(place->OpenToGroup());
  }
  for (const std::string& address : addresses) {
    if (absl::StartsWith(address, "unix:")) continue;
    SUMSCOPE_ASSIGN_OR_RETURN(auto bound, parts.tls != nullptr ? transport::ListeningSocket::BindTls(address)
                                                               : transport::ListeningSocket::BindLoopback(address));
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
  // Without probes of the line a window stays small until somebody reads, and grows to the message that is read then.
  builder->AddChannelArgument(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, limits::kStreamLookahead);
  builder->AddChannelArgument(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  // Graceful where gRPC sees that nothing is asked; what it takes for a call, half of one, the connections' table ends.
  builder->AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, Milliseconds(limits::kMaxIdleConnection));
  builder->AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, Milliseconds(limits::kMaxHandshake));
  builder->AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                              Milliseconds(limits::kMinClientPing));
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, Milliseconds(limits::kServerPing));
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, Milliseconds(limits::kServerPingTimeout));
}

}  // namespace

absl::StatusOr<std::unique_ptr<transport::RpcServer>> Listen(const std::vector<std::string>& addresses,
                                                             const SocketPlaces& places, const PublicServer& parts) {
  SUMSCOPE_ASSIGN_OR_RETURN(std::vector<transport::ListeningSocket> sockets, Bind(addresses, places, parts));
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
  options.on_look = [watch = parts.watch] { watch->EndStalled(); };
  SUMSCOPE_ASSIGN_OR_RETURN(
      std::unique_ptr<transport::RpcServer> server,
      transport::RpcServer::Start(&builder, std::move(sockets), parts.connections, std::move(options),
                                  parts.tls == nullptr ? nullptr : parts.tls->credentials()));
  for (const char* service : {"sumscope.v1.RunService", "sumscope.v1.AnalysisService", "sumscope.v1.CaptureService",
                              "sumscope.v1.FactService", "sumscope.v1.QuestionSetService", "sumscope.v1.SystemService",
                              "sumscope.v1.UserService"}) {
    server->grpc()->GetHealthCheckService()->SetServingStatus(service, true);
  }
  return server;
}

}  // namespace sumscope

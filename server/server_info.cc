#include "server/server_info.h"

#include <unistd.h>

#include <cmath>
#include <utility>

#include "absl/time/clock.h"
#include "google/protobuf/stubs/common.h"
#include "grpcpp/grpcpp.h"
#include "proto/contract/base/timestamp.h"
#include "proto/contract/version.h"

namespace sumscope {

v1::ServerInfo MakeServerInfo(const ServerConfig& config, const transport::ConnectionTable::Limits& connections,
                              const std::vector<std::string>& repairs, int catalog_schema) {
  v1::ServerInfo info;
  info.set_version(kVersion);
  info.set_git_hash(kGitHash);
  info.set_build(kBuild);
  *info.mutable_start_time() = ToTimestamp(absl::Now());
  info.set_data_directory(config.data_directory);
  info.set_slots_reason(config.slots_reason);
  info.add_libraries("gRPC " + grpc::Version());
  info.add_libraries("protobuf " + google::protobuf::internal::VersionString(GOOGLE_PROTOBUF_VERSION));
  for (const std::string& repair : repairs) info.add_repairs(repair);
  const std::pair<const char*, uint64_t> maxima[] = {
      {"capture_bytes", config.capture_limit_bytes},
      {"connections", connections.maximum},
      {"user_connections", connections.of_user},
      {"address_connections", connections.of_address},
      {"user_calls_per_second", static_cast<uint64_t>(std::ceil(config.user_calls_per_second))},
      {"user_call_burst", config.user_call_burst},
      {"user_streams", config.user_streams},
      {"user_uploads", config.user_uploads}};
  for (const auto& [name, maximum] : maxima) {
    v1::Limit* const limit = info.add_limits();
    limit->set_name(name);
    limit->set_maximum(maximum);
  }
  info.set_catalog_schema(catalog_schema);
  info.set_pid(getpid());
  return info;
}

}  // namespace sumscope

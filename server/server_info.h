#ifndef SUMSCOPE_SERVER_SERVER_INFO_H_
#define SUMSCOPE_SERVER_SERVER_INFO_H_

#include <string>
#include <vector>

#include "server/config.h"
#include "server/transport/connection_table.h"
#include "sumscope/v1/system.pb.h"

namespace sumscope {

// What a server that starts now says of itself for as long as it runs: versions, limits, what it repaired.
v1::ServerInfo MakeServerInfo(const ServerConfig& config, const transport::ConnectionTable::Limits& connections,
                              const std::vector<std::string>& repairs, int catalog_schema);

}  // namespace sumscope

#endif  // SUMSCOPE_SERVER_SERVER_INFO_H_

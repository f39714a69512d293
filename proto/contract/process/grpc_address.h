#ifndef SUMSCOPE_PROTO_CONTRACT_PROCESS_GRPC_ADDRESS_H_
#define SUMSCOPE_PROTO_CONTRACT_PROCESS_GRPC_ADDRESS_H_

#include <string>

#include "absl/strings/string_view.h"

namespace sumscope {

// What gRPC calls `address` (unix:/path or host:port, as people write them), for channels and for listening. gRPC reads
// unix:/path as a URI: without escapes a '#' or '?' would cut the path, and a '%' would change it.
std::string GrpcAddress(absl::string_view address);

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_PROCESS_GRPC_ADDRESS_H_

#ifndef SUMSCOPE_PROTO_CONTRACT_NAMES_WORKER_PROTOCOL_H_
#define SUMSCOPE_PROTO_CONTRACT_NAMES_WORKER_PROTOCOL_H_

#include <cstdint>

namespace sumscope {

// The version of sumscope.worker.v1 that hello names; server and worker must have the same.
inline constexpr uint32_t kWorkerProtocol = 1;

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_NAMES_WORKER_PROTOCOL_H_

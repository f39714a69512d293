#ifndef SUMSCOPE_PROTO_CONTRACT_NAMES_WORKER_PROTOCOL_H_
#define SUMSCOPE_PROTO_CONTRACT_NAMES_WORKER_PROTOCOL_H_

#include <cstdint>

namespace sumscope {

// Of sumscope.worker.v1, as hello says it: server and worker must agree.
inline constexpr uint32_t kWorkerProtocol = 1;

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_NAMES_WORKER_PROTOCOL_H_

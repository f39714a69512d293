#ifndef SUMSCOPE_PROTO_CONTRACT_ANALYSES_NODE_COUNTS_H_
#define SUMSCOPE_PROTO_CONTRACT_ANALYSES_NODE_COUNTS_H_

#include <cstdint>

#include "sumscope/v1/probes.pb.h"
#include "sumscope/v1/spec.pb.h"

namespace sumscope {

// Heads that `pca` looks at: those named, else every one at every position from the operator to the last answer row.
uint64_t CountPcaNodes(const v1::TrainSpec& spec, const v1::PcaRequest& request);

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_ANALYSES_NODE_COUNTS_H_

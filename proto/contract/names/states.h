#ifndef SUMSCOPE_PROTO_CONTRACT_NAMES_STATES_H_
#define SUMSCOPE_PROTO_CONTRACT_NAMES_STATES_H_

#include "sumscope/v1/runs.pb.h"

namespace sumscope {

// Whether a run, analysis or job has ended.
inline bool IsTerminal(v1::State state) {
  return state == v1::SUCCEEDED || state == v1::FAILED || state == v1::CANCELLED;
}

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_NAMES_STATES_H_

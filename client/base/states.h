#ifndef SUMSCOPE_CLIENT_BASE_STATES_H_
#define SUMSCOPE_CLIENT_BASE_STATES_H_

#include "sumscope/v1/runs.pb.h"

namespace sumscope::client {

inline bool IsTerminal(v1::State state) {
  return state == v1::SUCCEEDED || state == v1::FAILED || state == v1::CANCELLED;
}

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_BASE_STATES_H_

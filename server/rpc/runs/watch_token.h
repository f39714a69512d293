#ifndef SUMSCOPE_SERVER_RPC_RUNS_WATCH_TOKEN_H_
#define SUMSCOPE_SERVER_RPC_RUNS_WATCH_TOKEN_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace sumscope::rpc {

// Where a watch stands: the last event of the catalog and the last log entry of the run file that it has delivered.
// Opaque to clients ("e12-l7").
struct WatchToken {
  uint64_t event = 0;
  uint64_t log = 0;

  std::string ToString() const;
  // "" is the start. INVALID_ARGUMENT RESUME_TOKEN_INVALID.
  static absl::StatusOr<WatchToken> Parse(const std::string& text);
};

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_RUNS_WATCH_TOKEN_H_

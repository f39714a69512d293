#ifndef SUMSCOPE_SERVER_RPC_RUNS_WATCH_TOKEN_H_
#define SUMSCOPE_SERVER_RPC_RUNS_WATCH_TOKEN_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "proto/contract/text/token_seal.h"

namespace sumscope::rpc {

// Where a watch stands: the last event of the catalog and the last log entry of the run file that it has delivered.
// Sealed for clients: events of runs that a watcher may not see are counted, too.
struct WatchToken {
  uint64_t event = 0;
  uint64_t log = 0;

  std::string ToString(const TokenSeal& seal) const;
  // "" is the start. INVALID_ARGUMENT RESUME_TOKEN_INVALID; OUT_OF_RANGE RESUME_TOKEN_EXPIRED for one of a server that
  // did not seal them.
  static absl::StatusOr<WatchToken> Parse(const TokenSeal& seal, const std::string& text);
};

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_RUNS_WATCH_TOKEN_H_

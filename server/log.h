#ifndef SUMSCOPE_SERVER_LOG_H_
#define SUMSCOPE_SERVER_LOG_H_

#include <ostream>
#include <string>

#include "absl/status/status.h"

namespace sumscope {

// What a server's log says, and in what form.
struct LogOptions {
  std::string level = "info";   // the least that is said: trace, debug, info, warning, error
  std::string format = "text";  // or json
};

// INVALID_ARGUMENT CONFIG_INVALID where a value is none of those.
absl::Status CheckLogOptions(const LogOptions& options);

// Lets spdlog's functions write to `out`, which outlives them: a line per message at once, "sumscoped: " and the
// message, or an object of JSON with time (UTC, microseconds), level and message. The options are good. To be called
// where no other thread logs; a later call takes the place of an earlier one.
void StartLog(const LogOptions& options, std::ostream* out);

// Lets gRPC's own lines go the same way, at most 300 characters each, on one line: a peer that broke off its handshake
// is of interest at debug alone, what gRPC takes for an error is a warning. To be called before gRPC starts.
void RouteGrpcLog();

}  // namespace sumscope

#endif  // SUMSCOPE_SERVER_LOG_H_

#ifndef SUMSCOPE_CLIENT_CLI_OUTPUT_SINK_H_
#define SUMSCOPE_CLIENT_CLI_OUTPUT_SINK_H_

#include <memory>
#include <ostream>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/base/backoff.h"

namespace sumscope::client {

// Where data goes. Nothing counts before Commit said OK. INTERNAL OUTPUT_FAILED where it cannot be written.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual absl::Status Write(absl::string_view bytes) = 0;
  virtual absl::Status Commit() = 0;
};

// `out` must outlive the sink.
std::unique_ptr<Sink> MakeStreamSink(std::ostream* out);

// A file that appears, or replaces an older one, at Commit and in full; without it no trace is left. Symbolic links
// lead to their file, which keeps its mode, owner and other names. What is no file (a device, a pipe, /dev/fd/N) is
// written as it comes. `sleeper` waits for a pipe's reader.
absl::StatusOr<std::unique_ptr<Sink>> MakeFileSink(const std::string& path, Sleeper* sleeper);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_OUTPUT_SINK_H_

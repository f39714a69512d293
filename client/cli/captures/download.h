#ifndef SUMSCOPE_CLIENT_CLI_CAPTURES_DOWNLOAD_H_
#define SUMSCOPE_CLIENT_CLI_CAPTURES_DOWNLOAD_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "client/cli/app/session.h"
#include "proto/contract/text/sha256.h"

namespace sumscope::client {

// A download into --out, which goes on where an earlier attempt stopped, or to the standard output.
struct Download {
  std::string example;       // of a file name, for who would fill a terminal with bytes
  std::string key;           // what is downloaded: no two things have the same
  std::string label;         // for the progress bar
  std::string prefix;        // what stands in the file before the bytes that arrive
  uint64_t total_bytes = 0;  // that arrive; 0 where nobody knows
  // Hands over the bytes from `offset` on; `hash` has taken those before it.
  std::function<absl::Status(uint64_t offset, Sha256* hash, const std::function<absl::Status(absl::string_view)>&)>
      receive;
};

// The partial file stays beside its target after a lost connection or Ctrl-C, and a note says so; it goes when its
// bytes turn out wrong or when the server no longer has what they are of. Errors of `receive`, PartialFile and
// OpenSinkForBytes.
absl::Status RunDownload(Session& session, const Download& download);

// "wrote FILE: " and `what`; the file is left out where there is none.
std::string WroteWhat(const Session& session, absl::string_view what);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_CAPTURES_DOWNLOAD_H_

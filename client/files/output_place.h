#ifndef SUMSCOPE_CLIENT_FILES_OUTPUT_PLACE_H_
#define SUMSCOPE_CLIENT_FILES_OUTPUT_PLACE_H_

#include <sys/types.h>

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/base/backoff.h"
#include "proto/contract/process/file_descriptor.h"

namespace sumscope::client {

// What the PATH of --out leads to. A file is replaced whole, once everything is there; what is none (a device, a pipe,
// a descriptor that is open already) can only be written to.
struct OutputPlace {
  std::string path;               // of the file itself, behind symbolic links
  bool plain = false;             // no file to replace
  std::optional<int> descriptor;  // N of /dev/fd/N, /dev/stdout, ..: plain as well
  std::optional<mode_t> mode;     // of the file that is there
  uid_t owner = 0;                // likewise
  gid_t group = 0;
  bool has_other_names = false;  // hard links, which a new file in its place would leave with the old content
};

// INTERNAL OUTPUT_FAILED: a directory, a file that may not be written, links that go round.
absl::StatusOr<OutputPlace> FindOutputPlace(const std::string& path);

// Opens a plain place to write to. A pipe that nobody reads yet is waited for, half a minute at most.
absl::StatusOr<FileDescriptor> OpenPlain(const OutputPlace& place, Sleeper* sleeper);

// Makes the finished file `temporary`, open for reading as `descriptor`, the file of `place`, with the mode and owner
// of the one that was there. A file with other names keeps them: it gets the content instead.
absl::Status PutInPlace(const OutputPlace& place, int descriptor, const std::string& temporary);

// All of `bytes`. `path` for the error.
absl::Status WriteAll(int descriptor, absl::string_view bytes, absl::string_view path);

absl::Status OutputFailed(absl::string_view where, absl::string_view why);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_FILES_OUTPUT_PLACE_H_
